import type { ConsumedRecord } from '../consumer/windowed-consumer';
import { valueText } from './messages';

/** Keeps what it is handed; finishes nothing by itself. */
export class Collected {
  readonly records: ConsumedRecord[] = [];

  readonly onRecord = (record: ConsumedRecord): void => {
    this.records.push(record);
  };

  get values(): string[] {
    return this.records.map(({ message }) => valueText(message));
  }

  /** Hands out again what has the value: the last one of them. */
  of(value: string): ConsumedRecord {
    const found = this.records.findLast(({ message }) => valueText(message) === value);
    if (!found) throw new Error(`no record ${value} yet`);
    return found;
  }

  complete(...values: string[]): void {
    for (const value of values) this.of(value).complete();
  }
}
