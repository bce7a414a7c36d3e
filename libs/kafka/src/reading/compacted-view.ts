import type { IncomingMessage } from '@millrace/protocol';
import type { KafkaHealth } from '../kafka-settings';

export interface CompactedViewOptions {
  readonly topic: string;
  /** In partition order. A throw is logged, and fails liveness. */
  onMessage(message: IncomingMessage): void;
}

/** A whole topic from its beginning, then live. Reads without a consumer group, so that it leaves nothing behind. */
export interface CompactedView {
  /** Resolves when everything that the topic held at the time of the call is applied. */
  start(): Promise<void>;
  /** Resolves when everything that the topic holds at the time of the call is applied. */
  waitForEnd(): Promise<void>;
  close(): Promise<void>;
  health(): KafkaHealth;
}
