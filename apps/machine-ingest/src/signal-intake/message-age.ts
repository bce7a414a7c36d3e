import { MAX_SKEW_MS, type Signal } from '@millrace/domain';

/**
 * Flags of a message that was stamped when it happened, and comes when its sender gets through. One that is old says nothing
 * wrong about a clock, and nothing about what a machine does now: it is history, and becomes the event that it is all the same.
 */
export const flagsOfMessage = (sourceTs: string | null, receivedAt: number): Signal['flags'] =>
  sourceTs !== null && receivedAt - Date.parse(sourceTs) > MAX_SKEW_MS ? ['historical'] : [];
