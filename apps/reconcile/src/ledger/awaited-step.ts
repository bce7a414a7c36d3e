import { STEP } from './delivery-rows';
import type { Ledger } from './ledger';
import { attemptOf } from './position';

/** The position of the record that a delivery waits for, or goes with: that of the next attempt when one is planned. */
export const awaitedOf = ({ rows: { columns } }: Ledger, row: number): number => {
  const position = columns.position[row]!;
  return columns.step[row] === STEP.RETRY || attemptOf(position) === 0 ? position + 1 : position;
};
