import type { BuiltInEventType } from './built-in-event-type';
import { ECLIPS_EVENT_TYPES } from './eclips';
import { ECLIPSE_EVENT_TYPES } from './eclipse';
import { MES_EVENT_TYPES } from './mes';
import { MACHINE_EVENT_TYPES } from './millrace';
import { NENTROPY_EVENT_TYPES } from './nentropy';
import { OPERATIONAL_EVENT_TYPES } from './operations';
import { PROIGN_EVENT_TYPES } from './proign';

/** The event types that every tenant has: those of the modules, and what Millrace tells by itself. */
export const BUILT_IN_EVENT_TYPES: readonly BuiltInEventType[] = [
  ...MACHINE_EVENT_TYPES,
  ...ECLIPSE_EVENT_TYPES,
  ...MES_EVENT_TYPES,
  ...PROIGN_EVENT_TYPES,
  ...NENTROPY_EVENT_TYPES,
  ...ECLIPS_EVENT_TYPES,
  ...OPERATIONAL_EVENT_TYPES,
];

const BY_NAME: ReadonlyMap<string, BuiltInEventType> = new Map(BUILT_IN_EVENT_TYPES.map((type) => [type.name, type]));

export const builtInEventType = (name: string): BuiltInEventType | undefined => BY_NAME.get(name);
