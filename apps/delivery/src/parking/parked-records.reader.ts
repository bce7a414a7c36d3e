import type { RecordReader } from '@millrace/kafka';
import type { IncomingMessage } from '@millrace/protocol';

/** A run of records as one read gave it: everything that the log holds from `from` to before `to`. */
export class Stretch {
  constructor(
    readonly partition: number,
    readonly from: number,
    readonly to: number,
    /** In rising order of their offsets. */
    readonly messages: readonly IncomingMessage[],
  ) {}

  /** The record at an offset; undefined when the log does not hold it. */
  at(offset: number): IncomingMessage | undefined {
    const { messages } = this;
    let low = 0;
    let high = messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Number(messages[middle]!.offset) < offset) low = middle + 1;
      else high = middle;
    }
    const found = messages[low];
    return found && Number(found.offset) === offset ? found : undefined;
  }
}

/** Stretches that were read last: a backlog that drains asks for neighbours again and again. */
const STRETCHES_KEPT = 4;

/** Reads records of `deliveries` back at their offsets, over one connection. */
export class ParkedRecords {
  private stretches: Stretch[] = [];

  constructor(
    private readonly reader: RecordReader,
    private readonly topic: string,
  ) {}

  /**
   * A stretch that covers the offset.
   * @throws when the offset is not in the log, or the brokers cannot be reached
   */
  async fetch(partition: number, offset: number): Promise<Stretch> {
    const known = this.stretches.find(
      (stretch) => stretch.partition === partition && stretch.from <= offset && offset < stretch.to,
    );
    if (known) return known;
    const { messages, next } = await this.reader.fetch(this.topic, partition, BigInt(offset));
    const stretch = new Stretch(partition, offset, Number(next), messages);
    this.stretches = [stretch, ...this.stretches].slice(0, STRETCHES_KEPT);
    return stretch;
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}
