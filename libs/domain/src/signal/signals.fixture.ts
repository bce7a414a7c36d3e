import type { Event } from '../event/event';
import type { Mapping } from '../machine-rules/mapping';
import type { LifecycleWord } from '../machine-rules/rule-kind';
import { foldSignal } from './fold-signal';
import { type MachineState, newMachineState } from './machine-state';
import type { Signal } from './signal';

/** Signals as tests write them, and their fold. */
export const START = Date.parse('2026-02-17T13:00:00.000Z');

/** A signal `ms` after the start; numbered by its place in the list unless it says otherwise. */
export const signal = (ms: number, path: string, value: Signal['value'], over: Partial<Signal> = {}): Signal => {
  const time = new Date(START + ms).toISOString();
  return {
    v: 1,
    tenant: 'default',
    machine: 'RF-1',
    source: 'shdr:RF-1',
    session: 's1',
    seq: null,
    path,
    kind: 'event',
    value,
    type: 'string',
    unit: null,
    quality: 'good',
    qualityCode: null,
    sourceTs: time,
    serverTs: null,
    receiveTs: time,
    at: time,
    clock: 'adapter',
    flags: [],
    raw: { proto: 'http', ref: '' },
    ...over,
  };
};
export const condition = (
  ms: number,
  item: string,
  level: string,
  nativeCode = '',
  text = '',
  action: string | null = null,
): Signal =>
  signal(
    ms,
    item,
    { level, nativeCode, text, ...(action === null ? {} : { action }) },
    { kind: 'condition', type: 'condition' },
  );
export const lost = (ms: number) => signal(ms, '$lifecycle', 'disconnected', { kind: 'lifecycle', sourceTs: null });

/** A machine that a mapping is in force for. */
export const machineUnder = (mapping: Mapping): MachineState => ({
  ...newMachineState('default', 'RF-1'),
  config: { name: mapping.name, version: mapping.version, hash: mapping.hash },
});

export const fold = (
  signals: readonly Signal[],
  from: MachineState = newMachineState('default', 'RF-1'),
  first = 0,
  mappings: readonly Mapping[] = [],
) => {
  const events: Event[] = [];
  let state = from;
  const byHash = (hash: string) => mappings.find((mapping) => mapping.hash === hash) ?? null;
  signals.forEach((one, n) => {
    const folded = foldSignal(state, one, { partition: 3, offset: BigInt(first + n) }, byHash);
    state = folded.state;
    events.push(...folded.events);
  });
  return { state, events, told: events.map((event) => ({ type: event.type, ...JSON.parse(event.data) })) };
};

/** The fold under one mapping; with `restart` the state goes through JSON after every signal. */
export const foldUnder = (mapping: Mapping, signals: readonly Signal[], { restart = false } = {}) => {
  if (!restart) return fold(signals, machineUnder(mapping), 0, [mapping]);
  const events: Event[] = [];
  let state = machineUnder(mapping);
  signals.forEach((one, n) => {
    const folded = fold([one], JSON.parse(JSON.stringify(state)) as MachineState, n, [mapping]);
    state = folded.state;
    events.push(...folded.events);
  });
  return { state, events, told: events.map((event) => ({ type: event.type, ...JSON.parse(event.data) })) };
};

/** A number as a source that counts its signals sends it. */
export const numbered = (seq: number, ms: number, path: string, value: Signal['value'], over: Partial<Signal> = {}) =>
  signal(ms, path, value, { seq, type: typeof value === 'number' ? 'double' : 'string', ...over });
export const tick = (ms: number): Signal => signal(ms, '$tick', null, { kind: 'lifecycle', sourceTs: null });
export const lifecycle = (ms: number, word: LifecycleWord, over: Partial<Signal> = {}): Signal =>
  signal(ms, '$lifecycle', word, { kind: 'lifecycle', sourceTs: null, ...over });
export const configured = (ms: number, mapping: Mapping | null): Signal =>
  signal(
    ms,
    '$config',
    mapping === null ? null : { name: mapping.name, version: mapping.version, hash: mapping.hash },
    { kind: 'lifecycle', type: 'json', sourceTs: null },
  );
