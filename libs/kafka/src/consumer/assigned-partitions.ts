import type { TopicPartition } from '../kafka-settings';
import { type HeldTotals, PartitionTenure } from './partition-tenure';

export interface JoinOutcome {
  readonly epoch: number;
  readonly gained: readonly PartitionTenure[];
  readonly kept: readonly PartitionTenure[];
  readonly lost: readonly PartitionTenure[];
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/**
 * The partitions that this consumer owns, and the epoch of the assignment, which rises with every join. The group may give
 * a partition to others only after this member has left or was put out, and both show in a new member id: then nothing is
 * kept, though the same partition comes back.
 */
export class AssignedPartitions {
  readonly totals: HeldTotals = { records: 0, heldBytes: 0, waitingBytes: 0, partitions: 0 };
  private tenures = new Map<string, PartitionTenure>();
  private member: string | null = null;
  private epoch = 0;
  private lostSinceJoin: PartitionTenure[] = [];

  constructor(private readonly onFinish: (tenure: PartitionTenure) => void) {}

  get currentEpoch(): number {
    return this.epoch;
  }

  all(): IterableIterator<PartitionTenure> {
    return this.tenures.values();
  }

  names(): TopicPartition[] {
    return Array.from(this.tenures.values(), (tenure) => tenure.name);
  }

  get(topic: string, partition: number): PartitionTenure | undefined {
    return this.tenures.get(keyOf(topic, partition));
  }

  join(memberId: string, assignment: { readonly [topic: string]: readonly number[] }): JoinOutcome {
    if (memberId !== this.member) this.loseAll();
    this.member = memberId;
    this.epoch++;
    const before = this.tenures;
    const now = new Map<string, PartitionTenure>();
    const gained: PartitionTenure[] = [];
    const kept: PartitionTenure[] = [];
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const key = keyOf(topic, partition);
        let tenure = before.get(key);
        if (tenure) {
          before.delete(key);
          tenure.epoch = this.epoch;
          // one that the last join gained and did not get ready is still to be prepared
          (tenure.ready ? kept : gained).push(tenure);
        } else {
          tenure = this.begin(topic, partition);
          gained.push(tenure);
        }
        now.set(key, tenure);
      }
    }
    for (const tenure of before.values()) this.lose(tenure);
    this.tenures = now;
    this.totals.partitions = now.size;
    const lost = this.lostSinceJoin;
    this.lostSinceJoin = [];
    return { epoch: this.epoch, gained, kept, lost };
  }

  /** The membership has ended; what is lost is told with the next join. */
  loseAll(): void {
    for (const tenure of this.tenures.values()) this.lose(tenure);
    this.tenures = new Map();
    this.totals.partitions = 0;
    this.member = null;
  }

  /** The log under the partition is another one: nothing known about it holds. */
  beginAnew(tenure: PartitionTenure): PartitionTenure {
    tenure.end();
    const fresh = this.begin(tenure.topic, tenure.partition);
    fresh.ready = tenure.ready;
    fresh.pausedByHandler = tenure.pausedByHandler;
    fresh.fetching = tenure.fetching;
    this.tenures.set(keyOf(tenure.topic, tenure.partition), fresh);
    return fresh;
  }

  private begin(topic: string, partition: number): PartitionTenure {
    return new PartitionTenure(topic, partition, this.epoch, this.totals, this.onFinish);
  }

  private lose(tenure: PartitionTenure): void {
    tenure.end();
    this.lostSinceJoin.push(tenure);
  }
}
