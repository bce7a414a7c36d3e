import type { MachineStatus } from '../signal/machine-status';
import type { Expression } from './expression';
import type { MappedSignal, Mapping } from './mapping';
import { MESSAGE_RULES, MESSAGE_SIGNALS } from './message-rules';

/**
 * How a machine is understood before anyone has written a mapping for it: it speaks MTConnect's words, or sends messages that are events already. Names of items are
 * compared without regard to case, and of several for one alias the first that a machine sends is bound to it.
 */
const EXECUTION: { readonly [word: string]: MachineStatus } = {
  ACTIVE: 'running',
  READY: 'idle',
  STOPPED: 'idle',
  PROGRAM_COMPLETED: 'idle',
  PROGRAM_STOPPED: 'idle',
  INTERRUPTED: 'held',
  FEED_HOLD: 'held',
  OPTIONAL_STOP: 'held',
  PROGRAM_OPTIONAL_STOP: 'held',
  WAIT: 'held',
  UNAVAILABLE: 'offline',
};

const named = (alias: string, paths: readonly string[], over: Partial<MappedSignal> = {}): MappedSignal => ({
  alias,
  source: null,
  paths,
  ignoreCase: true,
  type: null,
  unit: null,
  scale: null,
  modulus: null,
  staleAfterMs: null,
  deadband: null,
  ...over,
});

const comesTo = (status: MachineStatus): Expression => ({
  text: `execution.edge('${status}')`,
  inputs: ['execution'],
  evaluate: ({ now, before }) => now.status === status && before.status !== status,
});

export const DEFAULT_MAPPING: Mapping = {
  // No document stands behind it.
  hash: '0'.repeat(64),
  name: 'default',
  version: 0,
  machine: { timeZone: 'UTC', number: null },
  sources: {},
  signals: {
    execution: named('execution', ['execution', 'pexecution', 'p1execution', 'exec']),
    availability: named('availability', ['avail', 'availability']),
    partCount: named('partCount', ['part_count', 'partcount', 'ppartcount', 'p1partcount', 'partcountact'], {
      type: 'uint64',
    }),
    program: named('program', ['program', 'pprogram', 'p1program'], { type: 'string' }),
    ...MESSAGE_SIGNALS,
  },
  rules: [
    {
      id: 'status',
      kind: 'stateMap',
      emit: 'machine.status_changed',
      input: 'execution',
      map: EXECUTION,
      transitional: [],
      transitionalMs: 60_000,
      otherwise: 'unknown',
      debounceMs: 0,
      debounceOfflineMs: 0,
      debounceLostMs: 0,
      recoverAfterMs: 0,
    },
    { id: 'availability', kind: 'availability', emit: 'machine.status_changed', input: 'availability' },
    {
      id: 'condition',
      kind: 'condition',
      emit: 'machine.alarm',
      source: null,
      key: null,
      clearOnEmptyCode: true,
      reconnectNormalClears: true,
      maxRate: null,
    },
    {
      id: 'counter',
      kind: 'counter',
      emit: null,
      input: 'partCount',
      modulus: null,
      maxStep: null,
      onDecrease: 'reset',
      zeroBased: true,
    },
    {
      id: 'run',
      kind: 'run',
      emit: 'production.run_completed',
      start: comesTo('running'),
      end: comesTo('idle'),
      settleMs: 2_000,
      maxOpenMs: 86_400_000,
      counters: ['counter'],
      program: 'program',
    },
    ...MESSAGE_RULES,
  ],
};
