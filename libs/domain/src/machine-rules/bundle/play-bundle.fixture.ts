import type { Event } from '../../event/event';
import { foldSignal } from '../../signal/fold-signal';
import { type MachineState, newMachineState } from '../../signal/machine-state';
import type { Signal } from '../../signal/signal';
import type { Mapping } from '../mapping';

/** What is told of bundles, as tests look at it. */
export interface ToldBundle {
  readonly type: string;
  readonly data: { readonly [member: string]: unknown };
  readonly ms: number;
  readonly id: string;
}

/**
 * Signals through the fold, under a mapping of one bundle rule. With `restart` the state goes through JSON after every
 * signal, as a restart at that point would do. `mappings` are put in force just before the signal of that number.
 */
export const playBundle = (
  mapping: Mapping,
  signals: readonly Signal[],
  { restart = false, mappings = [] }: { restart?: boolean; mappings?: ReadonlyArray<[from: number, Mapping]> } = {},
): { state: MachineState; told: ToldBundle[] } => {
  const all = [mapping, ...mappings.map(([, later]) => later)].map((one, n) => ({ ...one, hash: `hash ${n}` }));
  const byHash = (hash: string) => all.find((one) => one.hash === hash) ?? null;
  const inForce = (n: number) => ({ name: all[n]!.name, version: n + 1, hash: all[n]!.hash });
  const events: Event[] = [];
  let state: MachineState = { ...newMachineState('default', 'RF-1'), config: inForce(0) };
  let offset = 0n;
  const fold = (signal: Signal) => {
    const folded = foldSignal(state, signal, { partition: 0, offset: offset++ }, byHash);
    events.push(...folded.events);
    state = restart ? (JSON.parse(JSON.stringify(folded.state)) as MachineState) : folded.state;
  };
  signals.forEach((signal, n) => {
    const later = mappings.findIndex(([from]) => from === n);
    if (later >= 0)
      fold({
        ...signal,
        path: '$config',
        kind: 'lifecycle',
        value: inForce(later + 1),
        seq: null,
        sourceTs: null,
        flags: [],
      });
    fold(signal);
  });
  const told = events
    .filter(({ type }) => type.startsWith('bundle.'))
    .map(({ type, data, time, id }) => ({
      type,
      data: JSON.parse(data) as ToldBundle['data'],
      ms: Date.parse(time),
      id,
    }));
  return { state, told };
};
