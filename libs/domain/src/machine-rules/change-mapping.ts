import type { Emit, SignalPosition } from '../signal/machine-event';
import type { MachineState, MappingInForce } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import type { Moment } from '../signal/signal-time';
import { writeRational } from '../unit/rational';
import { clearAlarms } from './alarm-book';
import { bytesOf, type HeldValue, heldValues } from './held-value';
import type { MappedSignal, Mapping, Rule } from './mapping';
import { tableOf } from './value-table';

/** What a `$config` record asks for: a mapping by its hash, or the built-in one; null where it says neither. */
export type MappingChange = { readonly to: MappingInForce | null } | null;

export const readMappingChange = (signal: Signal): MappingChange => {
  const { value } = signal;
  if (value === null || value === 'removed') return { to: null };
  if (typeof value !== 'object') return null;
  const { name, version, hash } = value as { readonly [member: string]: unknown };
  return typeof name === 'string' && typeof version === 'number' && typeof hash === 'string'
    ? { to: { name: name.slice(0, 128), version, hash: hash.slice(0, 128) } }
    : null;
};

/**
 * Puts another mapping in force. Rules of the same id and kind go on where they are: a bundle that is open closes once.
 * What another rule left behind is forgotten, and its alarms are cleared, since nothing would ever clear them; those of
 * conditions pass to the new mapping's condition rule. A value stays where both mappings read it alike.
 */
export const changeMapping = (
  state: MachineState,
  change: { readonly from: Mapping; readonly to: Mapping; readonly name: MappingInForce | null },
  telling: { readonly emit: Emit; readonly moment: Moment; readonly position: SignalPosition },
): MachineState => {
  const { from, to } = change;
  const entries = heldValues(state)
    .filter(([alias]) => Object.hasOwn(to.signals, alias) && isReadAlike(from.signals[alias], to.signals[alias]!))
    // What was amiss with unit and type is looked at anew: with its mapping a person has confirmed what comes.
    .map(([alias, held]) => [alias, { ...held, unit: null, foreignUnit: null, typeConflict: false }] as const);
  const derived: { [alias: string]: HeldValue } = {};
  for (const [alias, held] of Object.entries(state.derived)) if (goesOn(from, to, alias)) derived[alias] = held;
  const rules = Object.fromEntries(Object.entries(state.rules).filter(([id]) => goesOn(from, to, id)));
  const next: MachineState = {
    ...state,
    config: change.name,
    values: tableOf(entries),
    derived,
    rules,
    valueBytes: [...entries.map(([, held]) => held), ...Object.values(derived)].reduce(
      (sum, { value }) => sum + bytesOf(value),
      0,
    ),
    // Looked at anew with the next signal.
    staleDue: state.at,
    unmapped: {},
    unmappedValues: [],
  };
  return handOverAlarms(next, from, to, telling);
};

const ruleOf = (mapping: Mapping, id: string): Rule | undefined => mapping.rules.find((rule) => rule.id === id);

const goesOn = (from: Mapping, to: Mapping, id: string): boolean => {
  const next = ruleOf(to, id);
  return next !== undefined && next.kind === ruleOf(from, id)?.kind;
};

const handOverAlarms = (
  state: MachineState,
  from: Mapping,
  to: Mapping,
  telling: { readonly emit: Emit; readonly moment: Moment; readonly position: SignalPosition },
): MachineState => {
  const heir = to.rules.find(({ kind }) => kind === 'condition');
  let next = state;
  for (const [key, alarm] of Object.entries(state.alarms)) {
    if (goesOn(from, to, alarm.rule)) continue;
    const owner = ruleOf(from, alarm.rule);
    if (owner?.kind === 'condition' && heir !== undefined) {
      const { [key]: _moved, ...alarms } = next.alarms;
      const place = key.startsWith(`${alarm.rule}\n`) ? `${heir.id}${key.slice(alarm.rule.length)}` : key;
      next = { ...next, alarms: { ...alarms, [place]: { ...alarm, rule: heir.id } } };
    } else {
      const teller = owner ?? { id: alarm.rule, emit: 'machine.alarm' };
      next = clearAlarms(next, teller, [key], telling, telling.moment, { reason: 'mapping_changed' });
    }
  }
  return next;
};

/** Whether two mappings take the same value of the same signal. */
const isReadAlike = (a: MappedSignal | undefined, b: MappedSignal): boolean =>
  a !== undefined &&
  a.type === b.type &&
  a.unit === b.unit &&
  (a.scale === null ? '' : writeRational(a.scale)) === (b.scale === null ? '' : writeRational(b.scale)) &&
  a.ignoreCase === b.ignoreCase &&
  a.paths.length === b.paths.length &&
  a.paths.every((path, n) => path === b.paths[n]);
