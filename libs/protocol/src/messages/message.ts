/** A Kafka record as the rest of the code sees it: text headers, bytes as value. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: { readonly [name: string]: string };
  /** Set where the partition is decided by the writer, not by the key. */
  readonly partition?: number;
}

export interface IncomingMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Unix ms: the broker's append time on all topics but the compacted ones. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Of a repeated header the last value counts. */
  readonly headers: { readonly [name: string]: Buffer };
}
