import type { DeliveryTask } from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import type { DeliveryRecord } from '@millrace/protocol';
import type { ParkedBits } from '../parking/parked-bits';
import { ActiveWork } from './active-work';
import type { DispatchWork } from './dispatch.ports';
import type { Drain } from './drain';
import type { EndpointStates } from './endpoint-states';
import type { Lanes } from './lanes';
import type { OwnedEndpoint, OwnedPartition } from './owned-endpoint';
import type { SeenRecords } from './seen-records';
import type { Wanted } from './wanted';

export interface WorkInHandParts {
  readonly lanes: Lanes<DispatchWork>;
  readonly seen: SeenRecords;
  readonly endpoints: EndpointStates;
  readonly bits: ParkedBits;
  readonly wanted: Wanted;
  readonly release: { pump(owner: OwnedPartition): void };
  readonly drain: Drain;
  /** Retries queued or in flight at one time, so that first attempts find places. */
  readonly retriesAtOnce: number;
  /** Ms of a clock that nobody sets. */
  readonly ticks: () => number;
}

/**
 * The deliveries that were taken up here and have not ended: at which step each is, whose they are, and how each lets go of its
 * place, its key and its records, whatever was decided about it.
 */
export class WorkInHand {
  private readonly active = new ActiveWork();
  /** Queued or in flight. */
  private retries = 0;

  constructor(private readonly parts: WorkInHandParts) {}

  take(
    delivery: DeliveryRecord,
    owner: OwnedPartition,
    state: OwnedEndpoint,
    offset: number,
    records: ConsumedRecord[],
    parked: boolean,
  ): DispatchWork {
    const { task, body } = delivery;
    state.tenant = task.tenant;
    state.usedAt = this.parts.ticks();
    const work: DispatchWork = {
      endpointId: task.endpointId,
      tenant: task.tenant,
      bytes: body.length,
      delivery,
      owner,
      state,
      offset,
      records,
      parked,
      step: 'waiting',
      key: null,
      probe: false,
      recalled: false,
      ending: null,
    };
    this.active.set(task.deliveryId, work);
    return work;
  }

  of(deliveryId: string): DispatchWork | undefined {
    return this.active.get(deliveryId);
  }

  /** The work that came of another record of this task. */
  sameAs({ deliveryId, epoch, attempt }: DeliveryTask): DispatchWork | undefined {
    const work = this.active.get(deliveryId);
    return work?.delivery.task.epoch === epoch && work.delivery.task.attempt === attempt ? work : undefined;
  }

  mayRetry(state: OwnedEndpoint): boolean {
    return this.retries < this.parts.retriesAtOnce && this.parts.endpoints.mayRetry(state);
  }

  // ---- steps

  noteQueued(work: DispatchWork): void {
    work.step = 'queued';
    this.parts.wanted.noteQueued(work);
    if (work.delivery.task.attempt > 1) {
      this.retries++;
      work.state.mayRetry = false;
    }
  }

  noteBegun(work: DispatchWork): void {
    work.step = 'in_flight';
    this.parts.wanted.noteLeft(work);
  }

  noteAttemptEnded(work: DispatchWork): void {
    if (work.delivery.task.attempt > 1) this.retries--;
  }

  /** Its turn in the lane came, and it goes another way. */
  giveUpPlace(work: DispatchWork): void {
    this.parts.lanes.release(work, this.parts.ticks(), 'none', 0);
    this.withdrawn(work);
  }

  /** Takes work that has not begun out of its lane; false when it is under way. */
  withdraw(work: DispatchWork): boolean {
    if (work.step === 'in_flight' || work.step === 'leaving') return false;
    if (work.step === 'queued' && !this.parts.lanes.remove(work)) return false;
    this.withdrawn(work, true);
    return true;
  }

  /** It has no place in a lane any more, and nothing of it is under way. */
  withdrawn(work: DispatchWork, keepsKey = false): void {
    if (work.step === 'queued') {
      this.parts.wanted.noteLeft(work);
      if (work.delivery.task.attempt > 1) this.retries--;
    }
    work.step = 'waiting';
    if (work.probe) this.parts.endpoints.abandonProbe(work);
    if (work.key !== null && !keepsKey) {
      work.state.order.giveBack(work.key, work.delivery.task.deliveryId, work.offset);
      work.key = null;
    }
  }

  // ---- whose it is

  /** What of the partition is under way here from before belongs to it as it is owned now. */
  rebindAll(owner: OwnedPartition): void {
    for (const work of this.active.values())
      if (work.owner.partition === owner.partition && (work.step === 'in_flight' || work.step === 'leaving'))
        this.rebind(work, owner);
  }

  /** Work under way belongs to the partition as it is owned now, and holds its place and its key there. */
  rebind(work: DispatchWork, owner: OwnedPartition): void {
    if (work.owner === owner) return;
    const { key, state: before } = work;
    const { deliveryId } = work.delivery.task;
    work.owner = owner;
    work.state = owner.endpoint(work.endpointId);
    if (work.parked) work.state.parked.claim(work.offset);
    if (key === null) return;
    work.state.order.admit(key, deliveryId, work.offset);
    // The word that it holds its key may not have been on record yet.
    if (before.order.headOf(key) === deliveryId) work.state.order.hold(key, deliveryId);
  }

  /** True when the partition, or every record of the work, belongs to another process now: that one carries it out. */
  abandoned(work: DispatchWork): boolean {
    if (work.owner.current && (work.parked || work.records.some((record) => record.current))) return false;
    this.abandon(work);
    return true;
  }

  /** What waits is left to the next owner. */
  abandon(work: DispatchWork): void {
    if (work.step === 'queued') this.withdrawn(work);
    // A later step of the same delivery may have been taken up meanwhile; it stays.
    if (this.drop(work)) this.parts.seen.forget(work.delivery.task.deliveryId);
  }

  // ---- the end

  /** False when another work of the same delivery is in hand. */
  drop(work: DispatchWork): boolean {
    if (this.active.get(work.delivery.task.deliveryId) !== work) return false;
    return this.active.delete(work.delivery.task.deliveryId);
  }

  /** What became of it is on record: its records are done with, and the one that was parked is parked no longer. */
  finish(work: DispatchWork): void {
    this.drop(work);
    if (work.parked && work.owner.current) this.parts.bits.clear(work.state, work.owner, work.offset);
    for (const record of work.records) record.complete();
  }

  /** That it is parked, or ended without an attempt, is on record. */
  hasLeft(work: DispatchWork): void {
    const { owner, state, offset } = work;
    if (work.parked) this.finish(work);
    else {
      // Its next owner decides anew, and if that is this process, it is no repeat.
      if (this.drop(work) && !owner.current && state.parked.has(offset))
        this.parts.seen.forget(work.delivery.task.deliveryId);
      for (const record of work.records) record.complete();
      if (work.recalled && state.parked.has(offset)) {
        state.ready.push(offset);
        this.parts.release.pump(owner);
      }
    }
    this.parts.drain.noteWriting(-1);
  }
}
