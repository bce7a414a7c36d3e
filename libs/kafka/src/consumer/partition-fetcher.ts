import { brokerError, type Cluster, fetchError, OFFSET_OUT_OF_RANGE } from '../client/kafkajs-cluster';
import { Pause } from '../client/waiting';
import { ByteWriter } from '../wire/byte-writer';
import {
  FETCH,
  type FetchedPartition,
  type FetchLimits,
  readFetchAnswer,
  writeFetchRequest,
} from '../wire/fetch-request';
import { exchange } from '../wire/frame';
import { openRecords, type RecordsOpened } from '../wire/record-batch-reader';
import { FetchSession } from './fetch-session';

/** What is asked of kafkajs' consumer group: offsets that the group has committed, and what it notices in its metadata. */
export interface OffsetSource {
  /** Throws when a topic has got partitions that the group has not given to anybody. */
  checkForStaleAssignment(): void;
  readonly offsetManager: {
    /** Asks the group for offsets not known yet; where it has none, for the beginning of the log. */
    resolveOffsets(): Promise<void>;
    committedOffsets(): { readonly [topic: string]: { readonly [partition: number]: string } };
  };
}

/** Records of one partition, as they came. */
export interface FetchedRecords extends RecordsOpened {
  readonly topic: string;
  readonly partition: number;
}

const UNRESOLVED = -1;

class FetchablePartition {
  /** Offset of the next record; negative while it is for the group's committed offset to say. */
  position = UNRESOLVED;
  paused = false;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}
}

/** A broker that we fetch from. */
class Node {
  readonly session = new FetchSession<FetchablePartition>();
  readonly writer = new ByteWriter(1024);
  readonly idle = new Pause();
  /** The partitions that it leads, topic by topic. */
  led: FetchablePartition[] = [];
}

const SESSION_ERRORS = new Set([
  70, // the broker has dropped the session
  71, // it counts otherwise than we do
]);

/**
 * Fetches the partitions that a group has assigned, one long poll after the other at each broker. A record is handed on in
 * the turn in which it arrives. Positions and pauses are kept here; kafkajs is asked where a partition begins, and told of
 * errors, from which it recovers as it does in its own fetch.
 */
export class PartitionFetcher {
  private partitions = new Map<string, FetchablePartition>();
  private readonly nodes = new Map<number, Node>();
  /** The metadata from which the leaders were taken. */
  private metadata: object | null = null;
  private leadersKnown = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly limits: FetchLimits,
    private readonly onRecords: (records: FetchedRecords) => void,
  ) {}

  /** A new assignment: nothing is paused, and every position is for the group to say until it is sought. */
  assign(assignment: { readonly [topic: string]: readonly number[] }): void {
    this.partitions = new Map();
    for (const [topic, partitions] of Object.entries(assignment))
      for (const partition of partitions)
        this.partitions.set(keyOf(topic, partition), new FetchablePartition(topic, partition));
    this.leadersKnown = false;
    for (const { session } of this.nodes.values()) session.end();
    this.wake();
  }

  seek(topic: string, partition: number, position: number): void {
    const found = this.partitions.get(keyOf(topic, partition));
    if (!found) return;
    found.position = position;
    this.wake();
  }

  pause(topic: string, partition: number): void {
    const found = this.partitions.get(keyOf(topic, partition));
    if (found) found.paused = true;
  }

  resume(topic: string, partition: number): void {
    const found = this.partitions.get(keyOf(topic, partition));
    if (!found) return;
    found.paused = false;
    this.wake();
  }

  /**
   * One request to one broker, and the hand-on of what it answers. Without a partition to ask for, waits as long as the
   * broker would have.
   *
   * @throws kafkajs' errors, the first of those that partitions answered after the others' records were handed on
   */
  async fetch(source: OffsetSource, id: number): Promise<void> {
    await this.cluster.refreshMetadataIfNecessary();
    this.placePartitions(source);
    const node = this.node(id);
    if (node.led.some(({ position, paused }) => position === UNRESOLVED && !paused)) await this.resolve(source);
    const wanted = node.led.filter(({ position, paused }) => position !== UNRESOLVED && !paused);
    if (wanted.length === 0) return node.idle.wait(this.limits.maxWaitMs);
    await this.request(id, node, wanted);
  }

  private async request(id: number, node: Node, wanted: readonly FetchablePartition[]): Promise<void> {
    const { partitions } = this;
    const { session } = node;
    const broker = await this.cluster.findBroker({ nodeId: id });
    try {
      const plan = session.plan(wanted);
      const { payload, throttle } = await exchange(
        broker,
        FETCH,
        (clientId) => writeFetchRequest(node.writer, clientId, this.limits, plan),
        this.limits.maxWaitMs,
      );
      const answer = readFetchAnswer(payload);
      throttle(answer.throttleMs);
      // Another assignment has come meanwhile, and with it another session.
      if (this.partitions !== partitions) return;
      if (SESSION_ERRORS.has(answer.code)) return session.end();
      if (answer.code !== 0) throw brokerError(answer.code);
      session.answered(answer.sessionId);
      this.handOn(session, answer.partitions);
    } catch (error) {
      session.end();
      throw error;
    }
  }

  private handOn(session: FetchSession<FetchablePartition>, answered: readonly FetchedPartition[]): void {
    let failed: FetchedPartition | null = null;
    for (const answer of answered) {
      const { topic, partition } = answer;
      const found = this.partitions.get(keyOf(topic, partition));
      // What was sought meanwhile is asked for again, from its new position.
      if (!found || found.position !== session.positionOf(found)) continue;
      if (answer.code !== 0) {
        if (failed !== null) continue;
        failed = answer;
        // kafkajs sets the group's offset to the beginning of the log, and we ask for it.
        if (answer.code === OFFSET_OUT_OF_RANGE) found.position = UNRESOLVED;
        continue;
      }
      const { runs, next } = openRecords(answer, found.position);
      found.position = next;
      if (runs.length > 0) this.onRecords({ topic, partition, runs, next });
    }
    if (failed) throw fetchError(failed.code, failed.topic, failed.partition);
  }

  /** The leaders, when they or the partitions may have changed. */
  private placePartitions(source: OffsetSource): void {
    const { metadata } = this.cluster.brokerPool;
    if (metadata !== this.metadata) {
      source.checkForStaleAssignment();
      this.metadata = metadata;
      this.leadersKnown = false;
    }
    if (this.leadersKnown) return;
    for (const node of this.nodes.values()) node.led = [];
    for (const each of this.partitions.values()) {
      const places = this.cluster.findTopicPartitionMetadata(each.topic);
      const place = places.find(({ partitionId }) => partitionId === each.partition);
      if (place) this.node(place.leader).led.push(each);
    }
    this.leadersKnown = true;
  }

  private async resolve(source: OffsetSource): Promise<void> {
    await source.offsetManager.resolveOffsets();
    const offsets = source.offsetManager.committedOffsets();
    for (const each of this.partitions.values()) {
      const offset = offsets[each.topic]?.[each.partition];
      if (each.position === UNRESOLVED && offset !== undefined) each.position = Math.max(UNRESOLVED, Number(offset));
    }
  }

  private node(id: number): Node {
    const node = this.nodes.get(id) ?? new Node();
    this.nodes.set(id, node);
    return node;
  }

  private wake(): void {
    for (const { idle } of this.nodes.values()) idle.end();
  }
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;
