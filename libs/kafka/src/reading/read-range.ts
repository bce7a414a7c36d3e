import type { IncomingMessage } from '@millrace/protocol';

export interface ReadRangeOptions {
  readonly topic: string;
  readonly partition: number;
  /** First offset, or the first record at or after a time (Unix ms). */
  readonly from: bigint | { readonly timestamp: number };
  /** Exclusive; default and upper bound is the end at the time of the call. */
  readonly to?: bigint;
  onMessage(message: IncomingMessage): void;
}
