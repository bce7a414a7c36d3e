/**
 * What has come of one endpoint's numbered deliveries, and what has not. Plain JSON: keep it as it is. Its size goes with the
 * number of gaps, not with that of deliveries.
 */
export interface GapState {
  /** The number that is to come first; nothing before it is missing. */
  readonly first: number;
  /** The number after the highest that has come. */
  readonly next: number;
  /** Ascending, apart from each other. */
  readonly gaps: readonly Gap[];
}

/** Numbers that have not come although later ones have: from the first to the last, both missing. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** `webhook-id` of the last of them, as the delivery after it names it; null when that is not known. */
  readonly lastId: string | null;
  /** Unix ms; when it was noticed. */
  readonly since: number;
}

/** What the headers of a delivery say of its place. */
export interface NumberedDelivery {
  readonly sequence: number | null;
  readonly previousId?: string | null | undefined;
}

/**
 * `next` it came in its turn · `ahead` those between it and the highest before are missing now · `filled` it was missing ·
 * `repeat` it had come before · `before` it is older than where the count begins · `unnumbered` it has no number (tests, deliveries
 * of a recovery `all`, other contracts).
 */
export type Arrival = 'next' | 'ahead' | 'filled' | 'repeat' | 'before' | 'unnumbered';

export const emptyGapState = (first: number): GapState => ({ first, next: first, gaps: [] });

/** The state after a delivery, and what it was. Pure; the order in which deliveries come does not matter to what is missing. */
export const afterDelivery = (
  state: GapState,
  { sequence, previousId = null }: NumberedDelivery,
  now: number,
): { readonly state: GapState; readonly arrival: Arrival } => {
  if (sequence === null || !Number.isSafeInteger(sequence) || sequence < 1) return { state, arrival: 'unnumbered' };
  if (sequence < state.first) return { state, arrival: 'before' };
  if (sequence >= state.next) {
    const skipped: Gap[] =
      sequence === state.next ? [] : [{ from: state.next, to: sequence - 1, lastId: previousId, since: now }];
    const arrival = skipped.length === 0 ? 'next' : 'ahead';
    return { state: { ...state, next: sequence + 1, gaps: [...state.gaps, ...skipped] }, arrival };
  }
  const at = state.gaps.findIndex((gap) => gap.from <= sequence && sequence <= gap.to);
  const gap = state.gaps[at];
  if (gap === undefined) return { state, arrival: 'repeat' };
  const left: Gap[] = gap.from < sequence ? [{ ...gap, to: sequence - 1, lastId: previousId }] : [];
  const right: Gap[] = sequence < gap.to ? [{ ...gap, from: sequence + 1 }] : [];
  const gaps = [...state.gaps.slice(0, at), ...left, ...right, ...state.gaps.slice(at + 1)];
  return { state: { ...state, gaps }, arrival: 'filled' };
};

/** Gaps that are at least so old, oldest numbers first. Pure. */
export const gapsOf = (state: GapState, now: number, olderThanMs = 0): readonly Gap[] =>
  state.gaps.filter((gap) => now - gap.since >= olderThanMs);
