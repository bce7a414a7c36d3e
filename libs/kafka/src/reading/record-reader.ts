import type { IncomingMessage } from '@millrace/protocol';
import type { SteadyReader } from './steady-reader';

/** Reads records of a partition at any offset, without a group, over one connection that is kept. One question at a time. */
export class RecordReader {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly reader: SteadyReader) {}

  /**
   * The next records from an offset on, at most about two MiB; none when there is nothing yet.
   * @returns the offset to go on from, which is behind the records and behind what the log holds beside them
   * @throws when the offset is no longer or not yet in the log, or the brokers cannot be reached
   */
  fetch(topic: string, partition: number, from: bigint): Promise<{ messages: IncomingMessage[]; next: bigint }> {
    return this.inTurn((reader) =>
      reader.use(async (open) => {
        const positions = new Map([[partition, from]]);
        const messages = await open.fetch(topic, positions, FETCH_WAIT_MS);
        return { messages, next: positions.get(partition)! };
      }),
    );
  }

  /** First offset of each partition. */
  beginnings(topic: string): Promise<Map<number, bigint>> {
    return this.inTurn((reader) => reader.use((open) => open.beginnings(topic)));
  }

  /** The offset after the last record of each partition. */
  ends(topic: string): Promise<Map<number, bigint>> {
    return this.inTurn((reader) => reader.use((open) => open.ends(topic)));
  }

  /** First record at or after the time (Unix ms) in each partition; -1 where there is none. */
  offsetsAt(topic: string, timestamp: number): Promise<Map<number, bigint>> {
    return this.inTurn((reader) => reader.use((open) => open.offsetsAt(topic, timestamp)));
  }

  close(): Promise<void> {
    return this.reader.close();
  }

  private inTurn<T>(work: (reader: SteadyReader) => Promise<T>): Promise<T> {
    const mine = this.last.then(() => work(this.reader));
    this.last = mine.catch(() => {});
    return mine;
  }
}

const FETCH_WAIT_MS = 50;
