import type { StreamsHeader, StreamsObservation } from './streams-document';

/** Whether the agent has dropped what was to be read next, and begins its answer behind it without saying so. */
export const hasDropped = ({ firstSequence }: StreamsHeader, said: readonly number[], next: number): boolean =>
  firstSequence !== null && firstSequence > next && said.every((sequence) => sequence >= firstSequence);

/** Sequence to ask for next. What the agent says of it counts as far as its buffer reaches. */
export const followingOf = (header: StreamsHeader, said: readonly number[], before: number): number => {
  const { nextSequence, lastSequence } = header;
  const highest = said.reduce((most, sequence) => Math.max(most, sequence + 1), before);
  return nextSequence !== null && lastSequence !== null && nextSequence <= lastSequence + 1
    ? Math.max(highest, nextSequence)
    : highest;
};

/** How old the last observation was when the agent wrote it, as long as more wait behind it. */
export const lagOf = (
  { lastSequence, creationTime }: StreamsHeader,
  fresh: readonly StreamsObservation[],
  next: number,
): number | null => {
  if (lastSequence === null || next > lastSequence) return 0;
  const last = fresh[fresh.length - 1];
  return last === undefined || creationTime === null ? null : Math.max(0, creationTime - Date.parse(last.timestamp));
};
