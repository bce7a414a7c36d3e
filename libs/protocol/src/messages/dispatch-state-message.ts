import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * What the owner of an endpoint must know again after a crash and what no other record says: the compacted topic
 * `dispatch-state`, partitioned as `deliveries` is. Private to dispatch; the reconciler reads it too.
 *
 * - `parked/<endpoint>/<base>`: which records of the endpoint among the offsets base … base + 1023 of its partition of
 *   `deliveries` are parked. The record itself stays where it is; a parked delivery is a bit here.
 * - `held/<endpoint>/<key>`: a key whose order is kept, and the delivery that must end before the next one of it may go.
 * - `fence/<endpoint>/<delivery>`: the lowest epoch of the delivery that is still carried out; what waits in a retry tier from
 *   before is dropped when it comes.
 * - `checkpoint/<partition>`: up to this offset of the delivery log, all of the above and the endpoint health are written.
 */
export type DispatchState = ParkedChunk | HeldKey | DeliveryFence | LogCheckpoint;

export const PARKED_CHUNK_SIZE = 1024;

export interface ParkedChunk {
  readonly kind: 'parked';
  readonly endpointId: string;
  /** A multiple of PARKED_CHUNK_SIZE. */
  readonly base: number;
  /** Bit i: offset base + i is parked. 128 bytes. */
  readonly bits: Buffer;
  /** Unix ms: no delivery in it expires before this; null when none does. */
  readonly earliestExpiry: number | null;
}

export interface HeldKey {
  readonly kind: 'held';
  readonly endpointId: string;
  readonly key: string;
  /** The delivery that failed and is tried again. */
  readonly deliveryId: string;
  /** Unix ms. */
  readonly since: number;
}

export interface DeliveryFence {
  readonly kind: 'fence';
  readonly endpointId: string;
  readonly deliveryId: string;
  readonly lowestEpoch: number;
  /** Unix ms after which nothing older can come any more. */
  readonly until: number;
}

export interface LogCheckpoint {
  readonly kind: 'checkpoint';
  readonly partition: number;
  /** Offset in the delivery log. */
  readonly logOffset: number;
}

const keyOf = (state: DispatchState): string => {
  switch (state.kind) {
    case 'parked':
      return `parked/${state.endpointId}/${state.base}`;
    case 'held':
      return `held/${state.endpointId}/${state.key}`;
    case 'fence':
      return `fence/${state.endpointId}/${state.deliveryId}`;
    case 'checkpoint':
      return `checkpoint/${state.partition}`;
  }
};

export const encodeDispatchState = (topic: string, partition: number, state: DispatchState): OutgoingMessage => ({
  topic,
  partition,
  key: keyOf(state),
  value: Buffer.from(
    JSON.stringify({ v: 1, ...state, ...(state.kind === 'parked' ? { bits: state.bits.toString('base64') } : {}) }),
  ),
  headers: {},
});

/** Takes a state away: its parked offsets are all released, its key is free, its fence is not needed any more. */
export const eraseDispatchState = (topic: string, partition: number, state: DispatchState): OutgoingMessage => ({
  topic,
  partition,
  key: keyOf(state),
  value: null,
  headers: {},
});

export type DispatchStateReading =
  | { readonly kind: 'put'; readonly key: string; readonly state: DispatchState }
  | { readonly kind: 'erased'; readonly key: string }
  | { readonly kind: 'unreadable' };

export const decodeDispatchState = (message: IncomingMessage): DispatchStateReading => {
  const key = message.key?.toString('utf8');
  if (!key) return { kind: 'unreadable' };
  if (message.value === null) return { kind: 'erased', key };
  try {
    const value = JSON.parse(message.value.toString('utf8')) as { v: number; bits?: string } & DispatchState;
    const state = (
      value.kind === 'parked' ? { ...value, bits: Buffer.from(value.bits as unknown as string, 'base64') } : value
    ) as DispatchState;
    return value.v === 1 && isState(state) && keyOf(state) === key
      ? { kind: 'put', key, state }
      : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
};

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isState = (state: DispatchState): boolean => {
  switch (state.kind) {
    case 'parked':
      return isCount(state.base) && state.base % PARKED_CHUNK_SIZE === 0 && state.bits.length === PARKED_CHUNK_SIZE / 8;
    case 'held':
      return typeof state.key === 'string' && typeof state.deliveryId === 'string';
    case 'fence':
      return typeof state.deliveryId === 'string' && isCount(state.lowestEpoch) && Number.isFinite(state.until);
    case 'checkpoint':
      return isCount(state.partition) && isCount(state.logOffset);
  }
};
