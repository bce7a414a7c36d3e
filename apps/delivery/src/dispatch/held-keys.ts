import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import type { OwnedEndpoint, OwnedPartition } from './owned-endpoint';
import { orderKeyOf } from './route';

/**
 * Where order is kept: the key of a delivery that failed is held until that has ended, and a word on record says so, for the
 * next owner. When a key is free, the next one of it is asked for from parked storage.
 */
export class HeldKeys {
  constructor(
    private readonly ports: Pick<DispatchPorts, 'directory' | 'state'>,
    private readonly release: { pump(owner: OwnedPartition): void },
  ) {}

  /** The key that the delivery has as its endpoint stands now; null where no order is kept. */
  keyOf(work: DispatchWork): string | null {
    const entry = this.ports.directory.get(work.endpointId);
    return entry ? orderKeyOf(work.delivery.task, entry.endpoint) : null;
  }

  /**
   * The key is on record as held before the retry is on its way: no restart lets the next one of it overtake. It is the key
   * that the delivery has now: the ordering may have changed since the request left.
   */
  async hold(work: DispatchWork, now: number): Promise<void> {
    const { state, owner } = work;
    const { deliveryId } = work.delivery.task;
    const key = this.keyOf(work);
    // The key that it had is of no meaning any more, and its record is done with: what waits for that key waits no longer.
    if (key !== work.key) this.free(state, owner, work.key!, deliveryId);
    work.key = key;
    if (key === null) return;
    const known = state.order.headOf(key) === deliveryId;
    state.order.hold(key, deliveryId);
    if (known) return;
    const held = { kind: 'held', endpointId: state.id, key, deliveryId, since: now } as const;
    await new Promise<void>((resolve) => this.ports.state.put(owner.partition, held, resolve));
  }

  free(state: OwnedEndpoint, owner: OwnedPartition, key: string, deliveryId: string): void {
    const wasHead = state.order.headOf(key) === deliveryId;
    const next = state.order.end(key, deliveryId);
    if (wasHead && owner.current)
      this.ports.state.erase(owner.partition, { kind: 'held', endpointId: state.id, key, deliveryId, since: 0 });
    if (next === null) return;
    state.ready.push(next);
    this.release.pump(owner);
  }

  /** A delivery has ended that was not on its way here: when it held its key, the next one may go. */
  freeHead(state: OwnedEndpoint, owner: OwnedPartition, deliveryId: string): void {
    const key = state.order.keyHeldBy(deliveryId);
    if (key !== null) this.free(state, owner, key, deliveryId);
  }
}
