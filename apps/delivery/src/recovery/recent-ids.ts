import { IdTable } from './id-table';

/** The ids seen last, at least `capacity` and at most twice as many: a repeat that comes soon is known. */
export class RecentIds {
  private current: IdTable;
  private previous: IdTable;

  constructor(private readonly capacity: number) {
    this.current = new IdTable(capacity);
    this.previous = new IdTable(capacity);
  }

  /** False when it was there already. */
  add(deliveryId: string): boolean {
    if (this.current.get(deliveryId) !== 0 || this.previous.get(deliveryId) !== 0) return false;
    if (this.current.size === this.capacity) {
      this.previous = this.current;
      this.current = new IdTable(this.capacity);
    }
    this.current.set(deliveryId, 1);
    return true;
  }
}
