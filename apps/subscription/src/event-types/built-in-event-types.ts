import { BUILT_IN_EVENT_TYPES as CATALOGUE, type EventTypeView, moduleOfType } from '@millrace/protocol';

/** The built-in types as the API shows them. */
export const BUILT_IN_EVENT_TYPES: readonly EventTypeView[] = CATALOGUE.map(
  ({ name, description, schema, example }) => ({
    name,
    module: moduleOfType(name),
    description,
    schema,
    example,
    builtIn: true,
    createdAt: null,
  }),
);

export const builtInEventType = (name: string): EventTypeView | undefined =>
  BUILT_IN_EVENT_TYPES.find((type) => type.name === name);

/** The data of a test delivery where the catalogue has no example. */
export const GENERIC_EXAMPLE = { test: true, message: 'This is a test delivery from Millrace.' };
