import { type DeliveryTask, type EndpointHealth, HEALTHY, readRunReceiverId, type TokenBucket } from '@millrace/domain';
import type { AttemptStarted } from '@millrace/protocol';
import { ParkedOffsets } from '../parking/parked-offsets';
import { KeyOrder } from './key-order';

export interface Fence {
  readonly lowestEpoch: number;
  /** Unix ms after which nothing older can come any more. */
  readonly until: number;
}

/**
 * What the owner of an endpoint knows of it, beside its configuration: how it is doing, what of it is parked, which keys are
 * held. One process has it at a time, since deliveries are keyed by endpoint, so all of it is decided without a lock.
 */
export class OwnedEndpoint {
  readonly parked = new ParkedOffsets();
  /** Parked by the retry budget or to let first attempts go first; what comes meanwhile does not wait behind these. */
  readonly deferred = new ParkedOffsets();
  readonly order = new KeyOrder();
  readonly fences = new Map<string, Fence>();
  /** Claimed offsets whose key is free now: read back before anything else. */
  readonly ready: number[] = [];
  health: EndpointHealth = HEALTHY;
  /** Version of the configuration that the health, the lane and the budget were made for. */
  version: number | null = null;
  /** The last number given to a delivery, and the id of its event. */
  sequence = 0;
  lastEventId: string | null = null;
  /** The same as far as the delivery log has it: a number that no owner will know of was never given. */
  onRecord: { readonly sequence: number; readonly lastEventId: string | null } = { sequence: 0, lastEventId: null };
  /** The version whose secrets could not be opened. */
  lockedVersion: number | null = null;
  tenant = '';
  /** What of its rate limit is left; null without one. */
  rate: TokenBucket | null = null;
  /** A permit of the retry budget that has not been used. */
  mayRetry = true;
  /** Ms of a clock that nobody sets, at which it last had work. */
  usedAt = 0;

  constructor(
    readonly id: string,
    readonly partition: number,
  ) {}

  /** A command has overtaken the task: it is of an epoch that is not carried out any more. */
  fencesOff({ deliveryId, epoch }: DeliveryTask): boolean {
    const fence = this.fences.get(deliveryId);
    return fence !== undefined && epoch < fence.lowestEpoch;
  }

  /** Something is parked that new deliveries may not overtake. */
  get blocked(): boolean {
    return this.parked.unclaimed > 0;
  }
}

/** One partition of endpoints, for as long as this process owns it. */
export class OwnedPartition {
  readonly endpoints = new Map<string, OwnedEndpoint>();
  /** Endpoints with something parked. */
  readonly backlogged = new Set<OwnedEndpoint>();
  /** Endpoints whose health record is out of date. */
  readonly changed = new Set<OwnedEndpoint>();
  /** Deliveries whose attempt was begun by an owner before, and not finished: a repeat of it has the same place. */
  readonly begun = new Map<string, Pick<AttemptStarted, 'chain' | 'recordOffset'>>();
  /** Endpoints with a fence. */
  readonly fenced = new Set<OwnedEndpoint>();
  /** Receivers of run URLs: as many as events bring origins, so those that are done with are forgotten. */
  readonly runReceivers = new Set<OwnedEndpoint>();
  current = true;
  /** The delivery log has told what became of it under the owner before; until then nothing parked is touched. */
  takenOver = false;

  constructor(readonly partition: number) {}

  endpoint(id: string): OwnedEndpoint {
    let endpoint = this.endpoints.get(id);
    if (!endpoint) {
      endpoint = new OwnedEndpoint(id, this.partition);
      this.endpoints.set(id, endpoint);
      if (readRunReceiverId(id)) this.runReceivers.add(endpoint);
    }
    return endpoint;
  }
}
