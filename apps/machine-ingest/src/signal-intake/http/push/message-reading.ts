import type { Signal } from '@millrace/domain';
import { type Problem, type ProblemCode, problem } from '@millrace/protocol';
import type { RejectedSignal } from '../signal-of-item';

/** What a message of a peer was read to. */
export type MessageReading =
  | {
      readonly kind: 'signals';
      readonly signals: readonly Signal[];
      /** Parts that were wrong. */
      readonly rejected: readonly RejectedSignal[];
      /** What the sender should look at, though it was taken. */
      readonly warnings: ReadonlyArray<{ readonly path: string; readonly detail: string }>;
    }
  | { readonly kind: 'refused'; readonly problem: Problem };

export interface MessageContext {
  readonly tenant: string;
  /** Name of the source. */
  readonly source: string;
  /** Unix ms. */
  readonly receivedAt: number;
}

export const refusedMessage = (code: ProblemCode, detail: string): MessageReading => ({
  kind: 'refused',
  problem: problem(code, detail),
});
