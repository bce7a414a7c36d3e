import type { EventDraft } from '../../signal/machine-event';
import { type MachineState, newMachineState } from '../../signal/machine-state';
import type { Signal } from '../../signal/signal';
import { momentOf } from '../../signal/signal-time';
import { multiply, toNumber, toRational } from '../../unit/rational';
import type { ExpressionValue, SeenMachine } from '../expression';
import type { BundleRule, MappedSignal, Mapping } from '../mapping';
import type { Heard, LifecycleWord } from '../rule-kind';
import { bundleRule } from './bundle-rule';

/**
 * Signals through the bundle rule alone: what the fold does around a rule, in small. With `restart` the state goes through
 * JSON after every signal, as a restart at that point would do.
 */
export const playBundle = (
  rule: BundleRule,
  mapping: Mapping,
  signals: readonly Signal[],
  { restart = false, mappings = [] }: { restart?: boolean; mappings?: ReadonlyArray<[from: number, Mapping]> } = {},
): { state: MachineState; told: EventDraft[] } => {
  const told: EventDraft[] = [];
  let state = newMachineState('default', 'RF-1');
  let values: Values = new Map();
  signals.forEach((signal, n) => {
    const inForce = mappings.findLast(([from]) => n >= from)?.[1] ?? mapping;
    const now = (inForce.rules.find(({ id }) => id === rule.id) as BundleRule | undefined) ?? rule;
    const at = Math.max(state.at, Date.parse(signal.at));
    const moment = momentOf(signal, at);
    const position = { partition: 0, offset: BigInt(n) };
    const emit = (draft: EventDraft) => told.push(draft);
    state = { ...state, at };
    const still = seenIn(values);
    const idle = { mapping: inForce, position, at, moment, emit, scope: { now: still, before: still, locals: {} } };
    const due = bundleRule.nextDue(state, now, inForce);
    if (due !== null && at >= due) state = bundleRule.onTime(state, now, idle);
    if (signal.path === '$tick') return;
    const heard = heardOf(signal, inForce, values);
    const before = values;
    values = valuesAfter(values, heard);
    state = bundleRule.onSignal(state, now, {
      ...idle,
      scope: {
        now: seenIn(values),
        before: heard.kind === 'value' && heard.snapshot ? seenIn(values) : seenIn(before),
        locals: {},
      },
      heard,
    });
    if (restart) state = JSON.parse(JSON.stringify(state)) as MachineState;
  });
  return { state, told };
};

type Values = ReadonlyMap<string, { readonly value: ExpressionValue; readonly lost: boolean; readonly source: string }>;

const seenIn = (values: Values): SeenMachine => ({
  status: 'unknown',
  value: (alias) => {
    const held = values.get(alias);
    return held === undefined || held.lost ? null : held.value;
  },
});

const heardOf = (signal: Signal, mapping: Mapping, values: Values): Heard => {
  if (signal.path === '$lifecycle') return { kind: 'lifecycle', signal, word: signal.value as LifecycleWord };
  if (signal.path === '$gap') return { kind: 'gap', signal, lost: null };
  const mapped = Object.values(mapping.signals).find(({ paths }) => paths.includes(signal.path));
  if (mapped === undefined) return { kind: 'life', signal };
  if (signal.value === null || signal.quality === 'bad') return { kind: 'unknown', signal, mapped };
  const raw = typeof signal.value === 'number' ? toRational(signal.value) : null;
  const exact = raw === null || mapped.scale === null ? raw : multiply(raw, mapped.scale);
  const snapshot = signal.flags.includes('snapshot') || values.get(mapped.alias)?.lost === true;
  return { kind: 'value', signal, mapped, value: signal.value, exact, snapshot, afterGap: false };
};

const valuesAfter = (values: Values, heard: Heard): Values => {
  const next = new Map(values);
  if (heard.kind === 'lifecycle' && heard.word === 'disconnected')
    for (const [alias, held] of values)
      if (held.source === heard.signal.source) next.set(alias, { ...held, lost: true });
  const { source } = heard.signal;
  if (heard.kind === 'value') next.set(heard.mapped.alias, { value: scaled(heard, heard.mapped), lost: false, source });
  if (heard.kind === 'unknown') next.set(heard.mapped.alias, { value: null, lost: false, source });
  return next;
};

const scaled = (heard: Heard & { readonly kind: 'value' }, mapped: MappedSignal): ExpressionValue =>
  mapped.scale === null || heard.exact === null ? (heard.value as ExpressionValue) : toNumber(heard.exact);
