import type { Signal } from '@millrace/domain';
import { NumberedSignals } from '../numbered-signals';
import { type Reading, unread } from './decode-item';
import { isNumber, type ModbusItem } from './modbus-item';

export interface ToldReadingsOptions {
  readonly tenant: string;
  readonly source: string;
  /** After so long a value that has not changed is told again, ms. */
  readonly repeatMs: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number;
}

interface Told {
  readonly text: string;
  readonly at: number;
}

/** A machine of which nothing else was told for so long is told to be alive, ms. */
const ALIVE_MS = 5_000;

/**
 * Writes as signals what polls have learned, and of that what is news: a register has a value at every poll, and says by
 * itself neither that it has changed nor when. Signals of a machine are numbered within the session, which is a connection.
 */
export class ToldReadings extends NumberedSignals {
  private readonly told = new Map<ModbusItem, Told>();

  constructor(private readonly options: ToldReadingsOptions) {
    super({ tenant: options.tenant, source: options.source, proto: 'modbus' }, options.monotonic);
  }

  /** So many polls were not made, or nobody knows how many (null). What changed meanwhile is not known either way. */
  gap(machine: string, polls: number | null, at: number): Signal {
    return this.lost(machine, at, { kind: 'polls', polls });
  }

  /** Values that are new, in the order of the settings; the first of each since it was forgotten is a snapshot. */
  news(items: readonly ModbusItem[], readings: ReadonlyMap<ModbusItem, Reading>, at: number): Signal[] {
    const now = this.monotonic();
    return items.flatMap((item) => {
      const reading = readings.get(item);
      if (reading === undefined) return [];
      const before = this.told.get(item);
      const text = JSON.stringify([reading.value, reading.qualityCode]);
      if (before !== undefined && before.text === text && now - before.at < this.options.repeatMs) return [];
      this.told.set(item, { text, at: now });
      return [this.value(item, reading, before === undefined, at)];
    });
  }

  /** Nothing is known of these any more; told by themselves only where the machine as a whole is not. */
  forget(items: readonly ModbusItem[]): void {
    for (const item of items) this.told.delete(item);
  }

  /** One of the devices of a machine is silent, and another still speaks for it. */
  stale(items: readonly ModbusItem[], at: number): Signal[] {
    this.forget(items);
    return items.map((item) => this.value(item, unread('mb:no-answer', 'stale'), false, at));
  }

  isQuiet(machine: string): boolean {
    return this.silenceOf(machine) >= ALIVE_MS;
  }

  private value(item: ModbusItem, { value, quality, qualityCode }: Reading, snapshot: boolean, at: number): Signal {
    return this.write(item.machine, at, {
      path: item.path,
      kind: isNumber(item.type) ? 'sample' : 'event',
      value,
      type: item.signalType,
      unit: item.ucum,
      quality,
      qualityCode,
      flags: snapshot ? ['snapshot'] : [],
      ref: `unit:${item.unit} ${item.table}:${item.address}`,
    });
  }
}
