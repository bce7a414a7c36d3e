import type { ParkReason } from '@millrace/domain';
import { deliveryParked, type Logger } from '@millrace/telemetry';
import type { ParkedBits } from '../parking/parked-bits';
import { parkedFact } from './delivery-facts';
import type { DispatchWork } from './dispatch.ports';
import type { Drain } from './drain';
import type { FactLog } from './fact-log';
import type { HeldKeys } from './held-keys';
import type { WorkInHand } from './work-in-hand';

export interface ParkingParts {
  readonly inHand: WorkInHand;
  readonly heldKeys: HeldKeys;
  readonly bits: ParkedBits;
  readonly facts: FactLog;
  readonly drain: Drain;
  /** Unix ms, by the broker's clock. */
  readonly now: () => number;
}

/**
 * What cannot go now is parked: its record stays where it is in `deliveries`, a bit says so, and the partition moves on. What
 * came back from there and still cannot go is given back.
 */
export class Parking {
  constructor(
    private readonly parts: ParkingParts,
    private readonly logger: Logger,
  ) {}

  /**
   * @param behind the delivery that has to end first, where order is kept and it is known
   * @param key that it waits for; null when it is not remembered as waiting for one
   */
  park(work: DispatchWork, reason: ParkReason, behind: string | null, key: string | null = null): void {
    const { inHand, heldKeys, facts, drain, now } = this.parts;
    const { state, offset } = work;
    const { deliveryId } = work.delivery.task;
    inHand.withdrawn(work);
    if (key !== null) state.order.wait(key, deliveryId, offset);
    const own = key === null ? heldKeys.keyOf(work) : null;
    // All that waits for its key waits for this one, so it comes back before anything else.
    const isNext = own !== null && state.order.isNext(own, deliveryId, offset);
    if (work.parked) {
      if (reason === 'retry_budget') state.deferred.add(offset, null);
      else if (isNext) state.ready.push(offset);
      else if (key === null) state.parked.unclaim(offset);
      inHand.drop(work);
      // Its bit stays; that it waits for another one now is what an operator looks for.
      if (key !== null && !isNext)
        facts.append(work.owner.partition, parkedFact(work.delivery.task, { reason, offset, behind }, now()), () => {});
      return;
    }
    work.step = 'leaving';
    work.recalled = isNext;
    drain.noteWriting(1);
    deliveryParked(this.logger, { deliveryId, endpointId: state.id, reason });
    this.write(work, reason, behind, { deferred: reason === 'retry_budget', claimed: key !== null || isNext });
  }

  /** Those of them that are still this process's. */
  parkAll(works: readonly DispatchWork[], reason: ParkReason): void {
    for (const work of works) if (!this.parts.inHand.abandoned(work)) this.park(work, reason, null);
  }

  /** First the bit, then the fact: a fact without its bit would let the record pass for taken up. */
  private write(
    work: DispatchWork,
    reason: ParkReason,
    behind: string | null,
    place: { readonly deferred: boolean; readonly claimed: boolean },
  ): void {
    const { inHand, bits, facts } = this.parts;
    const { owner, offset } = work;
    const { task } = work.delivery;
    const now = this.parts.now();
    const again = (): void => this.write(work, reason, behind, { deferred: false, claimed: work.recalled });
    // The partition was lost and won again meanwhile: what is known of it now may not have the bit yet.
    const acknowledged = (next: () => void) => (): void => (work.owner === owner ? next() : again());
    const told = acknowledged(() => inHand.hasLeft(work));
    bits.set(
      work,
      place,
      acknowledged(() => facts.append(owner.partition, parkedFact(task, { reason, offset, behind }, now), told)),
    );
  }
}
