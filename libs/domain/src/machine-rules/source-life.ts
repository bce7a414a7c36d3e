import { type MachineState, type SourceState, STATE_LIMITS } from '../signal/machine-state';

/** The source has given a sign of life; `gap`, where given, is whether samples are lost before its next value. */
export const withLife = (
  sources: MachineState['sources'],
  source: string,
  at: number,
  gap?: boolean,
): MachineState['sources'] => {
  const known = Object.hasOwn(sources, source) ? sources[source]! : null;
  if (known !== null && known.at === at && (gap === undefined || known.gap === gap)) return sources;
  const next: { [source: string]: SourceState } = { ...sources, [source]: { at, gap: gap ?? known?.gap ?? false } };
  if (known !== null) return next;
  const names = Object.keys(next);
  if (names.length > STATE_LIMITS.sources) delete next[names.reduce((a, b) => (next[a]!.at <= next[b]!.at ? a : b))];
  return next;
};

export const noteLife = (state: MachineState, source: string, at: number, gap?: boolean): MachineState => ({
  ...state,
  sources: withLife(state.sources, source, at, gap),
});
