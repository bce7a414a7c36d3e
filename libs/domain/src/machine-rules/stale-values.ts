import { counted, type MachineState } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import { momentAt } from '../signal/signal-time';
import { mappedOf } from './alias-lookup';
import type { Heard } from './rule-kind';
import { loseValues } from './take-value';
import { type Turn, tellRules } from './tell-rules';
import { tableEntries, tableValue } from './value-table';

/** Values that nobody has renewed for longer than the mapping allows are known no more, and the rules hear of it. */
export const markStale = (state: MachineState, signal: Signal, turn: Turn): MachineState => {
  const { mapping } = turn;
  const limitOf = (alias: string): number | null =>
    Object.hasOwn(mapping.signals, alias) ? mapping.signals[alias]!.staleAfterMs : null;
  const marked = loseValues(
    state,
    (held, alias) => {
      const limit = limitOf(alias);
      return held.known && limit !== null && state.at >= held.at + limit;
    },
    { qualityCode: 'ingest:stale', lost: false, resumable: false },
  );
  let staleDue: number | null = null;
  for (const [alias, held] of tableEntries(marked.state.values)) {
    const limit = limitOf(alias);
    if (held.known && limit !== null) staleDue = Math.min(staleDue ?? Number.POSITIVE_INFINITY, held.at + limit);
  }
  const next = { ...marked.state, staleDue };
  return marked.lost.length === 0 ? next : tellUnknown(next, marked.lost, signal, 'ingest:stale', state, turn);
};

/** Rules hear of values that nothing is known of any more, although no signal says so. */
const tellUnknown = (
  state: MachineState,
  aliases: readonly string[],
  signal: Signal,
  qualityCode: string,
  before: MachineState,
  turn: Turn,
): MachineState => {
  const unknown = aliases.flatMap((alias): Heard[] => {
    const mapped = mappedOf(turn.mapping, alias);
    const held = tableValue(state.values, alias)!;
    return mapped === null
      ? []
      : [
          {
            kind: 'unknown',
            mapped,
            signal: {
              ...signal,
              path: held.path,
              source: held.source,
              kind: 'event',
              value: null,
              quality: 'stale',
              qualityCode,
            },
          },
        ];
  });
  return tellRules(counted(state, 'unknown', unknown.length), unknown, momentAt(state.at), turn, before);
};
