/**
 * Where a record stands in the chain of its delivery. A crash between two writes can leave two records of one position;
 * the endpoint's owner takes the first and drops the second, so no crash forks a chain.
 */
export interface ChainPosition {
  readonly epoch: number;
  readonly attempt: number;
}

/** Negative when `a` comes before `b`, 0 when they are the same position. */
export const compareChainPositions = (a: ChainPosition, b: ChainPosition): number =>
  a.epoch - b.epoch || a.attempt - b.attempt;
