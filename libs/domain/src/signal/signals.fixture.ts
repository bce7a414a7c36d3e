import type { Event } from '../event/event';
import { foldSignal } from './fold-signal';
import { DEFAULT_MAPPING } from './machine-mapping';
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
    raw: { proto: 'mtc', ref: '' },
    ...over,
  };
};
export const condition = (ms: number, item: string, level: string, nativeCode = '', text = ''): Signal =>
  signal(ms, item, { level, nativeCode, text }, { kind: 'condition', type: 'condition' });
export const lost = (ms: number) => signal(ms, '$lifecycle', 'disconnected', { kind: 'lifecycle', sourceTs: null });

export const fold = (
  signals: readonly Signal[],
  from: MachineState = newMachineState('default', 'RF-1'),
  first = 0,
) => {
  const events: Event[] = [];
  let state = from;
  signals.forEach((one, n) => {
    const folded = foldSignal(state, one, { partition: 3, offset: BigInt(first + n) }, DEFAULT_MAPPING);
    state = folded.state;
    events.push(...folded.events);
  });
  return { state, events, told: events.map((event) => ({ type: event.type, ...JSON.parse(event.data) })) };
};
