import { SIGNAL_LIMITS } from './signal';

/**
 * Which parts (`idx`) of the messages of a session have been seen, beside the window of the messages themselves: from each
 * step on, up to the next, every message that was seen has had these parts, a bit for each, in hexadecimal. What lies before
 * the first step is as the first. The positions of messages that were not seen mean nothing.
 *
 * Example: of rows with 3 columns, 0 to 41 are whole and of 42 the first two columns are there: [[0, '7'], [42, '3']].
 *
 * One window over `seq` and one of these hold a row of 64 columns in the room of one, and messages that are alike cost
 * nothing: the holes of the window stay for messages that are missing, not for columns that are empty.
 */
export type MessageParts = ReadonlyArray<readonly [from: number, bits: string]>;

/** Steps that are remembered; of more, the oldest messages count as whole. */
const MAX_STEPS = 64;
const WHOLE = ((1n << BigInt(SIGNAL_LIMITS.idx + 1)) - 1n).toString(16);
/** Of sessions whose messages have no parts. */
const FIRST_ONLY: MessageParts = [[0, '1']];

/** Of a session that begins with this part: what lies before it came before the session was known, and counts as seen. */
export const openParts = (seq: number, idx: number): MessageParts | undefined =>
  idx === 0
    ? undefined
    : [
        [0, WHOLE],
        [seq, (1n << BigInt(idx)).toString(16)],
      ];

/**
 * The parts with this one seen, or null when it has been seen before. `begun`: another part of its message has been seen;
 * `isLast`: no later message has.
 */
export const seePart = (
  parts: MessageParts | undefined,
  {
    seq,
    idx,
    begun,
    isLast,
  }: { readonly seq: number; readonly idx: number; readonly begun: boolean; readonly isLast: boolean },
): MessageParts | undefined | null => {
  if (parts === undefined && idx === 0) return begun ? null : undefined;
  const steps = parts ?? FIRST_ONLY;
  const at = Math.max(
    0,
    steps.findLastIndex(([from]) => from <= seq),
  );
  const others = steps[at]![1];
  const before = begun ? BigInt(`0x${others}`) : 0n;
  const bit = 1n << BigInt(idx);
  if ((before & bit) !== 0n) return null;
  const next: Array<readonly [number, string]> = [...steps.slice(0, at)];
  if (steps[at]![0] < seq) next.push(steps[at]!);
  next.push([seq, (before | bit).toString(16)]);
  if (!isLast && steps[at + 1]?.[0] !== seq + 1) next.push([seq + 1, others]);
  return bounded(merged([...next, ...steps.slice(at + 1)]), seq);
};

const merged = (steps: MessageParts): MessageParts =>
  steps.filter(([, bits], place) => place === 0 || steps[place - 1]![1] !== bits);

/** The message at hand is not given up: its other parts are about to come. */
const bounded = (steps: MessageParts, seq: number): MessageParts => {
  let kept = steps;
  while (kept.length > MAX_STEPS) {
    const oldest = kept.findIndex(([from, bits]) => bits !== WHOLE && from !== seq);
    kept = merged(kept.map((step, place) => (place === oldest ? [step[0], WHOLE] : step)));
  }
  return kept;
};
