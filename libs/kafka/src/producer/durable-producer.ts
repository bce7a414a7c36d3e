import type { OutgoingMessage } from '@millrace/protocol';
import { isTooLarge } from '../client/failure';
import type { Compression } from '../wire/codecs';

export type { Compression };

export interface ProducerOptions {
  /** How long a call is tried before it is rejected. Default 30 000 ms. */
  readonly deliveryTimeoutMs?: number;
  /** Of each batch that is worth it. Default `auto`. */
  readonly compression?: Compression;
  /** Bytes of unacknowledged messages; a call beyond it is rejected at once. Default 32 MiB. */
  readonly maxBufferedBytes?: number;
}

/**
 * One outstanding send including its retries; calls made meanwhile are collected into the next batch, first in first out.
 * acks=all, idempotent. At least once: a rejected call may have been written, in whole or in part.
 */
export interface DurableProducer {
  /** Resolves when the first connection stands; `send` may be called before. */
  connect(): Promise<void>;
  /**
   * Resolves when all in-sync replicas have all messages.
   * @throws ProduceFailed after `deliveryTimeoutMs`, or at once when the broker will never take a message
   * @throws BufferFull when too many bytes wait for an acknowledgement
   */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  readonly bufferedBytes: number;
  /** Sends what is buffered, within the delivery timeout, and disconnects. */
  close(): Promise<void>;
}

/** Kafka did not acknowledge. The messages may have been written all the same. */
export class ProduceFailed extends Error {
  override readonly name = 'ProduceFailed';
  constructor(
    message: string,
    /** False when the broker refused the messages for what they are (too large, unknown topic, ...). */
    readonly retriable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The broker will take no message of this size, whatever happens; a smaller one it may. */
  get tooLarge(): boolean {
    return isTooLarge(this.cause);
  }
}

/** The producer holds all the bytes it may hold; nothing of the call was sent. */
export class BufferFull extends Error {
  override readonly name = 'BufferFull';
}
