/**
 * Where a step stands in the life of its delivery: epoch and attempt as one number, in the order in which they come. Both fit
 * into 16 bits: the longest schedule has some four thousand attempts.
 */
export const MOST = 0xffff;

export const positionOf = (epoch: number, attempt: number): number => epoch * 0x10000 + attempt;
export const epochOf = (position: number): number => Math.floor(position / 0x10000);
export const attemptOf = (position: number): number => position % 0x10000;

export const isCountable = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST;

export const isOffset = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
