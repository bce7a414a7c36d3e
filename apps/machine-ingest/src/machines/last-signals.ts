import { machineKey, REMOVED_PATH, type Signal } from '@millrace/domain';
import { type IncomingMessage, type LastSignal, partitionOfKey, SIGNAL_PARTS } from '@millrace/protocol';

/** Data items of one machine that are remembered; an OPC UA server may have ten thousand. */
export const MOST_ITEMS = 20_000;
/** Characters of a text value, and of an object as JSON. */
const VALUE_LENGTH = 256;

/** Half of a character, where a text was cut. */
const HALF = /[\ud800-\udbff]$/;

type Writable = { -readonly [member in keyof LastSignal]: LastSignal[member] };

interface Item {
  readonly part: number;
  readonly last: Writable;
}

interface Machine {
  readonly tenant: string;
  readonly machine: string;
  readonly partition: number;
  readonly items: Map<string, Item>;
  /** Parts that have changed since they were written. */
  readonly changed: Set<number>;
}

/** Part of a machine that has changed, whole. */
export interface ChangedPart {
  readonly tenant: string;
  readonly machine: string;
  readonly part: number;
  readonly signals: readonly LastSignal[];
}

/** Where a signal lies in the topic of all. */
type Place = Pick<IncomingMessage, 'partition' | 'offset'>;

/**
 * What was heard last of every data item of the machines that are folded here, mapped or not: for people who look for a
 * signal or write a mapping. It stands beside the fold and is not part of it: it is written some seconds late, and of what
 * a process took along that died, the next one reads in the log (see UnwrittenSignals).
 */
export class LastSignals {
  private readonly machines = new Map<string, Machine>();
  /** Offset by partition up to which a former holder had written: what is folded again is not heard again. */
  private readonly written = new Map<number, bigint>();
  private readonly heard = new Map<number, bigint>();

  /** @param stored what a former holder of a machine had written */
  constructor(private readonly stored: (key: string) => readonly LastSignal[]) {}

  /** `offset`: up to which a former holder of the partition had written. */
  goOnFrom({ partition, offset }: Place): void {
    this.written.set(partition, offset);
  }

  hear(signal: Signal, { partition, offset }: Place): void {
    if (offset <= (this.written.get(partition) ?? -1n)) return;
    this.heard.set(partition, offset);
    if (signal.path === REMOVED_PATH) this.remove(this.machineOf(signal, partition));
    if (signal.path.startsWith('$')) return;
    const machine = this.machineOf(signal, partition);
    const name = nameOf(signal);
    const item = machine.items.get(name);
    if (item === undefined) {
      if (machine.items.size >= MOST_ITEMS) return;
      const last = lastOf(signal, 1);
      const part = partitionOfKey(name, SIGNAL_PARTS);
      machine.items.set(name, { part, last });
      machine.changed.add(part);
      return;
    }
    item.last.count++;
    machine.changed.add(item.part);
    // What is told of the past is counted, and does not stand for the present.
    if (!signal.flags.includes('historical')) Object.assign(item.last, lastOf(signal, item.last.count));
  }

  /** Null for a machine that is not folded here. */
  of(key: string): LastSignal[] | null {
    const machine = this.machines.get(key);
    return machine === undefined ? null : [...machine.items.values()].map(({ last }) => ({ ...last }));
  }

  /** What has changed since it was asked last; of some partitions, or of all. */
  takeChanged(partitions: readonly number[] | null = null): ChangedPart[] {
    const changed: ChangedPart[] = [];
    for (const machine of this.machines.values()) {
      if (machine.changed.size === 0 || (partitions !== null && !partitions.includes(machine.partition))) continue;
      const parts = new Map<number, LastSignal[]>([...machine.changed].map((part) => [part, []]));
      for (const { part, last } of machine.items.values()) parts.get(part)?.push({ ...last });
      machine.changed.clear();
      for (const [part, signals] of parts)
        changed.push({ tenant: machine.tenant, machine: machine.machine, part, signals });
    }
    return changed;
  }

  /** Up to where each partition is heard; of some partitions, or of all. */
  heardUpTo(partitions: readonly number[] | null = null): Place[] {
    return [...this.heard].flatMap(([partition, offset]) =>
      partitions === null || partitions.includes(partition) ? [{ partition, offset }] : [],
    );
  }

  /** Not written after all. */
  putBack(parts: readonly ChangedPart[]): void {
    for (const { tenant, machine, part } of parts) this.machines.get(machineKey(tenant, machine))?.changed.add(part);
  }

  /** Others fold these partitions now. */
  forget(partitions: readonly number[]): void {
    for (const [key, { partition }] of this.machines) if (partitions.includes(partition)) this.machines.delete(key);
    for (const partition of partitions) {
      this.written.delete(partition);
      this.heard.delete(partition);
    }
  }

  /** Its parts are written once more, with nothing in them. */
  private remove({ items, changed }: Machine): void {
    for (const { part } of items.values()) changed.add(part);
    items.clear();
  }

  private machineOf({ tenant, machine }: Signal, partition: number): Machine {
    const key = machineKey(tenant, machine);
    let found = this.machines.get(key);
    if (found === undefined) {
      const items = new Map(
        this.stored(key).map((last): [string, Item] => {
          const name = nameOf(last);
          return [name, { part: partitionOfKey(name, SIGNAL_PARTS), last: { ...last } }];
        }),
      );
      found = { tenant, machine, partition, items, changed: new Set() };
      this.machines.set(key, found);
    }
    return found;
  }
}

const nameOf = ({ source, path }: Pick<Signal, 'source' | 'path'>): string => `${source}\n${path}`;

const lastOf = (signal: Signal, count: number): Writable => {
  const { value, cut } = shortened(signal.value);
  return {
    source: signal.source,
    path: signal.path,
    value,
    cut,
    type: signal.type,
    unit: signal.unit,
    quality: signal.quality,
    qualityCode: signal.qualityCode,
    sourceTs: signal.sourceTs,
    at: Date.parse(signal.at),
    count,
  };
};

const shortened = (value: Signal['value']): { readonly value: Signal['value']; readonly cut: boolean } => {
  if (typeof value === 'string')
    return value.length <= VALUE_LENGTH
      ? { value, cut: false }
      : { value: value.slice(0, VALUE_LENGTH).replace(HALF, ''), cut: true };
  if (typeof value !== 'object' || value === null) return { value, cut: false };
  const text = JSON.stringify(value);
  return text.length <= VALUE_LENGTH
    ? { value, cut: false }
    : { value: text.slice(0, VALUE_LENGTH).replace(HALF, ''), cut: true };
};
