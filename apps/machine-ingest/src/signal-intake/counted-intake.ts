import type { SourceIntake } from '@millrace/protocol';

type Counted = Pick<SourceIntake, 'received' | 'refused' | 'lastSignal'>;

/** What was counted before, with what has come besides. */
export const withIntake = (before: Counted, { received, refused, lastSignal }: Counted): Counted => ({
  received: before.received + received,
  refused: before.refused + refused,
  lastSignal: lastSignal !== null && lastSignal.at >= (before.lastSignal?.at ?? 0) ? lastSignal : before.lastSignal,
});
