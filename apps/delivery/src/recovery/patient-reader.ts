import type { IncomingMessage } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { JobControl } from './job-control';
import type { RecordSource } from './recovery.ports';
import type { Stretch } from './recovery-cursor';

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;
/** Longest stretch of work without a break for everything else that the process does. */
const SLICE_MS = 5;

/** Brokers keep their own clocks, so a time is looked up with some room, and each record is checked by its own. */
const CLOCK_ROOM_MS = 60_000;

/**
 * Reads stretches of partitions for one job. An error of Kafka is waited out: nothing but the job's control ends a read.
 */
export class PatientReader {
  private sliceEnds = 0;

  constructor(
    private readonly source: RecordSource,
    private readonly control: JobControl,
    private readonly ticks: () => number,
    private readonly logger: Logger,
  ) {}

  /**
   * What a topic holds of a time, Unix ms, up to its end now; partitions that hold none of it are left out. A little of the
   * time before and after may be in it.
   */
  async stretches(topic: string, since: number, until: number): Promise<Stretch[]> {
    const starts = await this.offsetsAt(topic, since - CLOCK_ROOM_MS);
    const ends = await this.patiently((source) => source.ends(topic));
    const stops = await this.offsetsAt(topic, until + CLOCK_ROOM_MS);
    const stretches: Stretch[] = [];
    for (const [partition, last] of ends) {
      const next = starts.get(partition) ?? -1n;
      const stop = stops.get(partition) ?? -1n;
      const end = stop >= 0n && stop < last ? stop : last;
      if (next >= 0n && next < end) stretches.push({ topic, partition, next, end });
    }
    return stretches;
  }

  /** One partition from a time on, Unix ms, up to its end now. A little of the time before may be in it. */
  async stretchSince(topic: string, partition: number, since: number): Promise<Stretch> {
    const start = (await this.offsetsAt(topic, since - CLOCK_ROOM_MS)).get(partition) ?? -1n;
    const end = await this.endOf(topic, partition);
    return { topic, partition, next: start < 0n ? end : start, end };
  }

  async endOf(topic: string, partition: number): Promise<bigint> {
    return (await this.patiently((source) => source.ends(topic))).get(partition) ?? 0n;
  }

  /**
   * The next records of the stretch, which it does not move on.
   * @returns where to go on; the stretch's end when the log ends before it
   */
  async fetch(stretch: Stretch): Promise<{ messages: IncomingMessage[]; next: bigint }> {
    const { topic, partition, end } = stretch;
    let from = stretch.next;
    return this.patiently(
      async (source) => {
        const { messages, next } = await source.fetch(topic, partition, from);
        if (next >= end) return { messages: messages.filter(({ offset }) => offset < end), next: end };
        if (next > from) return { messages, next };
        // Nothing where something was: a log that lost its end is not waited for.
        return { messages, next: ((await source.ends(topic)).get(partition) ?? 0n) <= from ? end : from };
      },
      async (source) => {
        const first = (await source.beginnings(topic)).get(partition) ?? 0n;
        if (first > from) {
          this.logger.warn({ topic, partition, from: String(from), first: String(first) }, 'records are gone by now');
          from = first;
        }
      },
    );
  }

  /** Called between pieces of work: lets the rest of the process go on when a slice of time is used up. */
  async breathe(): Promise<void> {
    if (this.ticks() < this.sliceEnds) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.control.check();
    this.sliceEnds = this.ticks() + SLICE_MS;
  }

  /** True when a slice of time is used up: {@link breathe} costs a promise, which is too much for each record. */
  get outOfBreath(): boolean {
    return this.ticks() >= this.sliceEnds;
  }

  close(): Promise<void> {
    return this.source.close();
  }

  private offsetsAt(topic: string, timestamp: number): Promise<Map<number, bigint>> {
    return this.patiently((source) => source.offsetsAt(topic, Math.max(0, timestamp)));
  }

  private async patiently<T>(
    read: (source: RecordSource) => Promise<T>,
    mend: (source: RecordSource) => Promise<void> = () => Promise.resolve(),
  ): Promise<T> {
    for (let failures = 0; ; failures++) {
      this.control.check();
      try {
        if (failures > 0) await mend(this.source);
        return await read(this.source);
      } catch (error) {
        this.control.check();
        this.logger.warn({ error: String(error), failures }, 'a recovery could not read Kafka; trying again');
        await this.control.wait(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10)));
      }
    }
  }
}
