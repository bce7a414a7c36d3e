import type { ConditionValue, Signal } from '@millrace/domain';
import { NumberedSignals } from '../numbered-signals';
import type { FoundItem } from './find-items';
import type { ReadValue } from './read-value';

export interface SignalWriterOptions {
  readonly tenant: string;
  readonly source: string;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number;
}

export type Loss =
  /** Numbers of the first and the last message that is missing, and how many of those between could not be had again. */
  | { readonly kind: 'messages'; readonly first: number; readonly last: number; readonly lost: number }
  | { readonly kind: 'queue'; readonly path: string }
  /** Between a subscription and the next one nobody listened. */
  | { readonly kind: 'subscription' };

const NUMBERS: ReadonlySet<string> = new Set(['int64', 'uint64', 'double', 'float']);

/**
 * Writes what a server tells. OPC UA numbers messages, not values; a value is written once, since what a server repeats after a
 * break is known by its message's number.
 */
export class SignalWriter extends NumberedSignals {
  constructor({ tenant, source, monotonic }: SignalWriterOptions) {
    super({ tenant, source, proto: 'ua' }, monotonic);
  }

  /**
   * A loss: of messages on the way, of values in the queue that the server has for a path, or of all that was said while there
   * was no subscription. How many values were in a message is not known.
   */
  gap(machine: string, at: number, loss: Loss): Signal {
    return this.lost(machine, at, { ...loss }, loss.kind === 'queue' ? loss.path : '$gap');
  }

  value(
    item: FoundItem,
    unit: string | null,
    read: ReadValue,
    type: Signal['type'],
    snapshot: boolean,
    at: number,
  ): Signal {
    return this.write(item.machine, at, {
      path: item.path,
      kind: NUMBERS.has(type) ? 'sample' : 'event',
      value: read.value,
      type,
      unit,
      quality: read.quality,
      qualityCode: read.qualityCode,
      sourceTs: read.sourceTs,
      serverTs: read.serverTs,
      clock: this.clockOfServer,
      flags: [...(snapshot ? (['snapshot'] as const) : []), ...(read.overflow ? (['overflow'] as const) : [])],
      ref: item.nodeId,
    });
  }

  condition(
    machine: string,
    condition: {
      readonly conditionId: string;
      readonly path: string;
      readonly value: ConditionValue;
      readonly sourceTs: string | null;
      readonly serverTs: string | null;
    },
    snapshot: boolean,
    at: number,
  ): Signal {
    return this.write(machine, at, {
      path: condition.path,
      kind: 'condition',
      value: { ...condition.value },
      type: 'condition',
      sourceTs: condition.sourceTs,
      serverTs: condition.serverTs,
      clock: this.clockOfServer,
      flags: snapshot ? ['snapshot'] : [],
      ref: condition.conditionId,
    });
  }

  private get clockOfServer(): string {
    return `ua:${this.place.source}`;
  }
}
