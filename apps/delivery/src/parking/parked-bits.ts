import type { DispatchWork } from '../dispatch/dispatch.ports';
import type { OwnedEndpoint, OwnedPartition } from '../dispatch/owned-endpoint';
import type { DispatchStatePublisher } from './dispatch-state.publisher';

/** What of each endpoint is parked, here and on record: a bit for each record that waits in `deliveries`. */
export class ParkedBits {
  constructor(private readonly state: Pick<DispatchStatePublisher, 'putChunk'>) {}

  /**
   * @param place `deferred`: it lets first attempts go first; `claimed`: it comes back when its key is free, not in its turn
   * @param kept called when the bit is on record
   */
  set(
    { state, owner, offset, delivery }: DispatchWork,
    place: { readonly deferred: boolean; readonly claimed: boolean },
    kept: () => void,
  ): void {
    const chunk = state.parked.add(offset, delivery.task.expiresAt);
    if (place.deferred || place.claimed) state.parked.claim(offset);
    if (place.deferred) state.deferred.add(offset, null);
    owner.backlogged.add(state);
    owner.changed.add(state);
    if (chunk) this.state.putChunk(owner.partition, state.id, chunk, kept);
    else kept();
  }

  clear(state: OwnedEndpoint, owner: OwnedPartition, offset: number): void {
    const chunk = state.parked.remove(offset);
    state.deferred.remove(offset);
    if (!chunk) return;
    this.state.putChunk(owner.partition, state.id, chunk);
    if (state.parked.count === 0) owner.backlogged.delete(state);
    owner.changed.add(state);
  }

  /** A parked record that is not to be carried out: what waited behind it may go. */
  discard(state: OwnedEndpoint, owner: OwnedPartition, offset: number): void {
    const next = state.order.forget(offset);
    this.clear(state, owner, offset);
    if (next !== null) state.ready.push(next);
  }
}
