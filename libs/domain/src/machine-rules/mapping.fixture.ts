import { rational } from '../unit/rational';
import { type AliasName, type Expression, ExpressionFailed, type ExpressionValue, type Scope } from './expression';
import type {
  AvailabilityRule,
  ConditionRule,
  CounterRule,
  EdgeRule,
  ExprRule,
  MappedSignal,
  MappedSource,
  Mapping,
  PassthroughRule,
  Rule,
  RunRule,
  StateMapRule,
  ThresholdRule,
  WatchdogRule,
} from './mapping';

/** Mappings as tests write them: what is said, and defaults for the rest. */
export interface WrittenMapping {
  readonly name?: string;
  readonly version?: number;
  readonly hash?: string;
  readonly machine?: Partial<Mapping['machine']>;
  readonly sources?: { readonly [alias: string]: Partial<MappedSource> };
  /** By alias; `paths` is the alias itself unless it says otherwise. */
  readonly signals?: { readonly [alias: AliasName]: Partial<MappedSignal> };
  readonly rules?: readonly Rule[];
}

export const mappedSource = (over: Partial<MappedSource> = {}): MappedSource => ({
  source: null,
  maxSkewMs: 300_000,
  maxBacklogMs: null,
  reorder: null,
  ...over,
});

export const mappedSignal = (alias: AliasName, over: Partial<MappedSignal> = {}): MappedSignal => ({
  alias,
  source: null,
  paths: [alias],
  ignoreCase: false,
  type: null,
  unit: null,
  scale: null,
  modulus: null,
  staleAfterMs: null,
  deadband: null,
  ...over,
});

export const mappingOf = (written: WrittenMapping): Mapping => ({
  name: written.name ?? 'test',
  version: written.version ?? 1,
  hash: written.hash ?? 'a'.repeat(64),
  machine: { timeZone: 'UTC', number: null, ...written.machine },
  sources: Object.fromEntries(
    Object.entries(written.sources ?? {}).map(([alias, source]) => [alias, mappedSource(source)]),
  ),
  signals: Object.fromEntries(
    Object.entries(written.signals ?? {}).map(([alias, signal]) => [alias, mappedSignal(alias, signal)]),
  ),
  rules: written.rules ?? [],
});

/** An expression by a function. What it reads is given by `read(alias)`, which fails, as CEL does, on what is not known. */
export const expression = (
  inputs: readonly AliasName[],
  evaluate: (read: (alias: AliasName) => NonNullable<ExpressionValue>, scope: Scope) => ExpressionValue,
  text = 'written by a test',
): Expression => ({
  text,
  inputs,
  evaluate: (scope) =>
    evaluate((alias) => {
      const value = scope.now.value(alias);
      if (value === null) throw new ExpressionFailed(`${alias} is not known`);
      return value;
    }, scope),
});

/** `alias` as it is. */
export const aliasValue = (alias: AliasName): Expression => expression([alias], (read) => read(alias), alias);
export const constant = (value: ExpressionValue): Expression => expression([], () => value, JSON.stringify(value));
/** `alias == word`, true as long as it says so. */
export const says = (alias: AliasName, word: ExpressionValue): Expression =>
  expression([alias], (read) => read(alias) === word, `${alias} == '${String(word)}'`);
/** `status` comes to be this at this signal. */
export const statusComesTo = (status: string): Expression =>
  expression([], (_read, { now, before }) => now.status === status && before.status !== status, `-> ${status}`);

export const TENTHS = rational(1n, 10n);

/** Rules with defaults for what a test does not care about. */
export const stateMap = (over: Partial<StateMapRule> = {}): StateMapRule => ({
  id: 'status',
  kind: 'stateMap',
  emit: 'machine.status_changed',
  input: 'state',
  map: { RUN: 'running', HALT: 'idle', WAIT: 'held', DOWN: 'down', OFF: 'offline' },
  transitional: [],
  transitionalMs: 60_000,
  otherwise: 'unknown',
  debounceMs: 0,
  debounceOfflineMs: 0,
  debounceLostMs: over.debounceOfflineMs ?? 0,
  recoverAfterMs: 0,
  ...over,
});

export const availability = (over: Partial<AvailabilityRule> = {}): AvailabilityRule => ({
  id: 'avail',
  kind: 'availability',
  emit: 'machine.status_changed',
  input: 'avail',
  ...over,
});

export const edge = (over: Partial<EdgeRule> = {}): EdgeRule => ({
  id: 'door',
  kind: 'edge',
  emit: 'machine.door_opened',
  input: 'door',
  on: 'rising',
  when: null,
  alarm: null,
  data: {},
  ...over,
});

export const threshold = (over: Partial<ThresholdRule> = {}): ThresholdRule => ({
  id: 'hot',
  kind: 'threshold',
  emit: 'machine.alarm',
  input: 'temp',
  raiseAbove: 80,
  clearBelow: 75,
  raiseBelow: null,
  clearAbove: null,
  onDelayMs: 0,
  offDelayMs: 0,
  latched: false,
  alarm: { code: 'HYD-TEMP', severity: 'fault', text: 'oil is hot' },
  ...over,
});

export const conditionRuleOf = (over: Partial<ConditionRule> = {}): ConditionRule => ({
  id: 'cond',
  kind: 'condition',
  emit: 'machine.alarm',
  source: null,
  key: null,
  clearOnEmptyCode: true,
  reconnectNormalClears: true,
  maxRate: null,
  ...over,
});

export const counter = (over: Partial<CounterRule> = {}): CounterRule => ({
  id: 'parts',
  kind: 'counter',
  emit: 'production.counted',
  input: 'count',
  modulus: null,
  maxStep: null,
  onDecrease: 'auto',
  zeroBased: true,
  ...over,
});

export const watchdog = (over: Partial<WatchdogRule> = {}): WatchdogRule => ({
  id: 'silent',
  kind: 'watchdog',
  emit: 'machine.status_changed',
  source: null,
  timeoutMs: 30_000,
  recoverAfterMs: 0,
  ...over,
});

export const run = (over: Partial<RunRule> = {}): RunRule => ({
  id: 'run',
  kind: 'run',
  emit: 'production.run_completed',
  start: statusComesTo('running'),
  end: statusComesTo('idle'),
  settleMs: 2_000,
  maxOpenMs: 86_400_000,
  counters: ['parts'],
  program: null,
  ...over,
});

export const expr = (over: Partial<ExprRule> & Pick<ExprRule, 'id' | 'value'>): ExprRule => ({
  kind: 'expr',
  emit: null,
  unit: null,
  when: null,
  data: {},
  ...over,
});

export const passthrough = (over: Partial<PassthroughRule> = {}): PassthroughRule => ({
  id: 'orders',
  kind: 'passthrough',
  emit: 'work_order.completed',
  input: 'message',
  type: null,
  data: null,
  key: null,
  ...over,
});
