import type { Emit, SignalPosition } from '../signal/machine-event';
import type { MachineState, MappingInForce } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import type { Moment } from '../signal/signal-time';
import { writeRational } from '../unit/rational';
import { clearAlarms } from './alarm-book';
import { bytesOf, type HeldValue, heldValues } from './held-value';
import type { MappedSignal, Mapping, Rule, RuleKindName } from './mapping';
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
 *
 * `from` is null for one that cannot be read: what its rules were is then in what they left behind, and no value stays.
 */
export const changeMapping = (
  state: MachineState,
  change: { readonly from: Mapping | null; readonly to: Mapping; readonly name: MappingInForce | null },
  telling: { readonly emit: Emit; readonly moment: Moment; readonly position: SignalPosition },
): MachineState => {
  const { from, to } = change;
  const { failedRules: _failed, ...kept } = state;
  const kindOf = kindsOf(from, state);
  const entries = heldValues(state)
    .filter(([alias]) => Object.hasOwn(to.signals, alias) && isReadAlike(from?.signals[alias], to.signals[alias]!))
    // What was amiss with unit and type is looked at anew: with its mapping a person has confirmed what comes.
    .map(([alias, held]) => [alias, { ...held, unit: null, foreignUnit: null, typeConflict: false }] as const);
  const derived: { [alias: string]: HeldValue } = {};
  for (const [alias, held] of Object.entries(state.derived)) if (goesOn(kindOf, to, alias)) derived[alias] = held;
  const rules = Object.fromEntries(Object.entries(state.rules).filter(([id]) => goesOn(kindOf, to, id)));
  const next: MachineState = {
    ...kept,
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
  return handOverAlarms(next, from, kindOf, to, telling);
};

/**
 * A mapping that cannot be read is in force: nothing is folded by it. What the rules before it remember, and the alarms,
 * stay for the mapping that follows; values do not, since nobody knows how they are read meanwhile.
 */
export const suspendMapping = (state: MachineState, name: MappingInForce | null): MachineState => ({
  ...state,
  config: name,
  values: tableOf([]),
  derived: {},
  valueBytes: 0,
  staleDue: null,
  unmapped: {},
  unmappedValues: [],
});

type KindOf = (rule: string) => RuleKindName | undefined;

const kindsOf = (mapping: Mapping | null, state: MachineState): KindOf =>
  mapping === null
    ? (id) => (Object.hasOwn(state.rules, id) ? state.rules[id]!.kind : undefined)
    : (id) => ruleOf(mapping, id)?.kind;

const ruleOf = (mapping: Mapping, id: string): Rule | undefined => mapping.rules.find((rule) => rule.id === id);

const goesOn = (kindOf: KindOf, to: Mapping, id: string): boolean => {
  const next = ruleOf(to, id);
  return next !== undefined && next.kind === kindOf(id);
};

const handOverAlarms = (
  state: MachineState,
  from: Mapping | null,
  kindOf: KindOf,
  to: Mapping,
  telling: { readonly emit: Emit; readonly moment: Moment; readonly position: SignalPosition },
): MachineState => {
  const heir = to.rules.find(({ kind }) => kind === 'condition');
  let next = state;
  for (const [key, alarm] of Object.entries(state.alarms)) {
    if (goesOn(kindOf, to, alarm.rule)) continue;
    if (kindOf(alarm.rule) === 'condition' && heir !== undefined) {
      const { [key]: _moved, ...alarms } = next.alarms;
      const place = key.startsWith(`${alarm.rule}\n`) ? `${heir.id}${key.slice(alarm.rule.length)}` : key;
      next = { ...next, alarms: { ...alarms, [place]: { ...alarm, rule: heir.id } } };
    } else {
      const teller = (from === null ? undefined : ruleOf(from, alarm.rule)) ?? {
        id: alarm.rule,
        emit: 'machine.alarm',
      };
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
