import type { RecordReader } from '@millrace/kafka';
import type { IncomingMessage } from '@millrace/protocol';

/** Stretches of `deliveries` that were read last: a backlog that drains asks for neighbours again and again. */
const STRETCHES_KEPT = 4;

interface Stretch {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly messages: readonly IncomingMessage[];
}

/** Reads records of `deliveries` back at their offsets, over one connection. */
export class ParkedRecords {
  private stretches: Stretch[] = [];

  constructor(
    private readonly reader: RecordReader,
    private readonly topic: string,
  ) {}

  /** Records from the offset on; none when there is nothing. */
  async fetch(partition: number, offset: number): Promise<IncomingMessage[]> {
    const known = this.stretches.find(
      (stretch) => stretch.partition === partition && stretch.from <= offset && offset < stretch.to,
    );
    if (known) return known.messages.filter((message) => Number(message.offset) >= offset);
    const { messages, next } = await this.reader.fetch(this.topic, partition, BigInt(offset));
    this.stretches = [{ partition, from: offset, to: Number(next), messages }, ...this.stretches].slice(
      0,
      STRETCHES_KEPT,
    );
    return messages;
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}
