import type { SourceIntake } from '@millrace/protocol';

type Counted = Pick<SourceIntake, 'received' | 'refused' | 'lastRefusedAt' | 'lastSignal'>;

/** What was counted before, with what has come besides. */
export const withIntake = (before: Counted, { received, refused, lastRefusedAt, lastSignal }: Counted): Counted => ({
  received: before.received + received,
  refused: before.refused + refused,
  ...lastRefusal(before.lastRefusedAt, lastRefusedAt),
  lastSignal: lastSignal !== null && lastSignal.at >= (before.lastSignal?.at ?? 0) ? lastSignal : before.lastSignal,
});

const lastRefusal = (a: number | undefined, b: number | undefined): Pick<Counted, 'lastRefusedAt'> =>
  a === undefined && b === undefined ? {} : { lastRefusedAt: Math.max(a ?? 0, b ?? 0) };
