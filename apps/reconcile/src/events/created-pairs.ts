import { DeliveryIds } from '../ledger/delivery-ids';

/** Which events have become deliveries of which endpoints, and when Kafka had accepted them: some 40 bytes for each. */
export class CreatedPairs {
  private readonly ids = new DeliveryIds(false);
  private acceptedAt = new Float64Array(1024);

  /** @param acceptedAt Unix ms; of a pair that was made twice, the first counts */
  add(eventKey: string, endpointId: string, acceptedAt: number): void {
    const before = this.ids.count;
    const row = this.ids.add(nameOf(eventKey, endpointId));
    if (row < before) return;
    if (row >= this.acceptedAt.length) {
      const larger = new Float64Array(this.acceptedAt.length * 2);
      larger.set(this.acceptedAt);
      this.acceptedAt = larger;
    }
    this.acceptedAt[row] = acceptedAt;
  }

  /** When the event was accepted from which the delivery was made, Unix ms; null when there is none. */
  acceptedAtOf(eventKey: string, endpointId: string): number | null {
    const row = this.ids.find(nameOf(eventKey, endpointId));
    return row < 0 ? null : this.acceptedAt[row]!;
  }
}

const nameOf = (eventKey: string, endpointId: string): string => `${eventKey}\n${endpointId}`;
