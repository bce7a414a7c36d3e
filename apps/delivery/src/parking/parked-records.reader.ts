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

/** Partitions whose last stretch is kept: a backlog that drains asks for neighbours again and again. */
const STRETCHES_KEPT = 12;

/** Reads records of `deliveries` back at their offsets, over one connection. */
export class ParkedRecords {
  /** By partition, the one asked for longest ago first. */
  private readonly stretches = new Map<number, Stretch>();

  constructor(
    private readonly reader: RecordReader,
    private readonly topic: string,
  ) {}

  /**
   * A stretch that covers the offset.
   * @throws when the offset is not in the log, or the brokers cannot be reached
   */
  async fetch(partition: number, offset: number): Promise<Stretch> {
    const known = this.stretches.get(partition);
    if (known && known.from <= offset && offset < known.to) return known;
    const { messages, next } = await this.reader.fetch(this.topic, partition, BigInt(offset));
    const stretch = new Stretch(partition, offset, Number(next), messages);
    this.stretches.delete(partition);
    this.stretches.set(partition, stretch);
    if (this.stretches.size > STRETCHES_KEPT) this.stretches.delete(this.stretches.keys().next().value!);
    return stretch;
  }

  /** Nothing of the partition is wanted now. */
  forget(partition: number): void {
    this.stretches.delete(partition);
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}
