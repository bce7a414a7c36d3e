import type { SparkplugPayload, WireMetric } from '@millrace/sparkplug';
import type { MqttMessage } from '../mqtt/mqtt-connection';
import type { Definitions } from './metric-reading';

/** A message of an edge node, decoded. */
export interface NodeMessage {
  readonly type: 'NBIRTH' | 'NDEATH' | 'NDATA' | 'DBIRTH' | 'DDEATH' | 'DDATA';
  /** Null in a message of the node itself. */
  readonly device: string | null;
  readonly payload: SparkplugPayload;
  /** messageDigest of it. */
  readonly digest: string;
  readonly original: MqttMessage;
}

/** All that is remembered of one edge node. A step makes the next one of it, and never changes it. */
export interface NodeState {
  readonly life: Life;
  /** Messages, or metrics of them, that a birth is needed for; in the order in which they came. */
  readonly held: readonly Held[];
  readonly rebirth: {
    /** When the node is to be asked, Unix ms; null while there is no reason to. */
    readonly dueAt: number | null;
    /** When it was asked last, by us or by another host. */
    readonly askedAt: number | null;
  };
  /** Digests of what came last, the newest at the end. */
  readonly recent: readonly string[];
  /**
   * What a predecessor held for a birth, and the broker sends again, by their digests (shortDigest). They were counted, so
   * their numbers say nothing any more.
   */
  readonly heldBefore: ReadonlyMap<string, Pick<Held, 'older' | 'seq'>>;
  /** Stamp of the newest birth that was heard of it, Unix ms; null: none, or none had a stamp. */
  readonly newestBirth: number | null;
}

export type Life =
  /** No birth has been seen. */
  { readonly kind: 'unknown' } | BornLife | { readonly kind: 'dead' };

/** From one NBIRTH to the next, or to the death. */
export interface BornLife {
  readonly kind: 'born';
  /** `<group>/<node>/<bdSeq>/<time of the birth>`. */
  readonly session: string;
  /** Names the numbering of what comes to this process alone; another for each birth that it has heard. */
  readonly own: string;
  /**
   * Whatever data came were of QoS 1: what is not acknowledged comes again, in order, so a successor counts on as its
   * predecessor did. Else it cannot know how many went by.
   */
  readonly exact: boolean;
  readonly bdSeq: string | null;
  /** Number that the next message has, not modulo 256. */
  readonly next: number;
  /** Stamp of the last message, Unix ms. */
  readonly lastMs: number | null;
  /** When it came. */
  readonly heardAt: number;
  /** Taken over from a predecessor, and nothing has come since that it had not done with. */
  readonly resumed: boolean;
  /** A predecessor waited for a birth, and what it held may be gone with it. */
  readonly owed: boolean;
  /**
   * Messages were missed: what its metrics stand at is not known until it is born again. Data wait for that until then
   * (Unix ms), and are taken as they are when no birth comes. Null: none were.
   */
  readonly missed: { readonly until: number } | null;
  /**
   * An MQTT session before this one had the same bdSeq, and its death has not come yet; its last stamp, where it had one.
   * Null where there is none.
   */
  readonly elder: { readonly untilMs: number | null } | null;
  /**
   * It may be dead: a death came that may be the elder's, or the broker has lost what it would have told of it. Without a
   * sign of life until then, it is; never, where it cannot be asked for one. Null: no doubt.
   */
  readonly doubtUntil: number | null;
  readonly definitions: Definitions;
  /** The node's own metrics as it was born with them, for a machine that is known only from its DBIRTH. */
  readonly birth: {
    readonly metrics: readonly WireMetric[];
    readonly place: Place;
    readonly stamp: number | null;
  } | null;
  /** Machines that have been told of the node's own metrics. */
  readonly told: ReadonlySet<string>;
  readonly devices: ReadonlyMap<string, Device>;
  /** Messages whose predecessors have not come, in the order of their numbers. */
  readonly waiting: readonly Waiting[];
  readonly waitUntil: number | null;
}

/** Where a message stands in the numbering of a session. */
export interface Place {
  readonly session: string;
  readonly seq: number;
}

export type Device =
  | { readonly kind: 'born'; readonly definitions: Definitions }
  /** It was there before the node was born again; without a DBIRTH until then, it is gone. */
  | { readonly kind: 'awaited'; readonly until: number };

export interface Waiting {
  readonly seq: number;
  readonly message: NodeMessage;
}

export interface Held {
  readonly message: NodeMessage;
  /** Indexes of the metrics that wait; null: all of them. */
  readonly only: readonly number[] | null;
  /** Others before it were missed, so the birth that comes is what counts, and it is history. */
  readonly older: boolean;
  /** Its number in the session of its node, under which it goes on where no birth comes; null where there is none. */
  readonly seq: number | null;
  /** Unix ms; refused then. */
  readonly until: number;
}

export const newNode: NodeState = {
  life: { kind: 'unknown' },
  held: [],
  rebirth: { dueAt: null, askedAt: null },
  recent: [],
  heldBefore: new Map(),
  newestBirth: null,
};

export const NODE_LIMITS = {
  /** Devices of one edge node that are machines. */
  devices: 1_000,
  /** Messages that wait for a birth. */
  held: 1_000,
  /** Messages that wait for their predecessors; numbers are told apart within 256. */
  waiting: 200,
  /** Digests that are remembered: fewer than 256, since after so many the same number comes again. */
  recent: 200,
  /** What waits for a birth waits so long at least, ms. */
  awaitBirthMs: 20_000,
  /** A device that was there has so long to be born again after its node, ms. */
  awaitDeviceMs: 10_000,
  /** A message that came later than this after its successors is not taken for one of them, ms. */
  lateMs: 30_000,
  /** After a longer silence the next number may be the next but 256, ms. */
  silentMs: 10_000,
} as const;
