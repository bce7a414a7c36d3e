import type { ConditionValue, Signal } from '@millrace/domain';
import type { FoundItem } from './find-items';
import type { ReadValue } from './read-value';

export interface SignalWriterOptions {
  readonly tenant: string;
  readonly source: string;
}

type Word = 'connected' | 'disconnected' | 'alive';
type Fields = Pick<Signal, 'path' | 'kind' | 'value' | 'type'> & Partial<Signal>;

const NUMBERS: ReadonlySet<string> = new Set(['int64', 'uint64', 'double', 'float']);

/**
 * Writes signals, and numbers them: OPC UA numbers messages, not values, so each machine's signals of a session are counted as
 * they are written. A value is written once, since what a server repeats after a break is known by its message's number.
 */
export class SignalWriter {
  private session = '';
  private counts = new Map<string, number>();
  private readonly lastAt = new Map<string, number>();

  constructor(private readonly options: SignalWriterOptions) {}

  /** From here on signals are of this session. */
  enter(session: string): void {
    if (session === this.session) return;
    this.session = session;
    this.counts = new Map();
  }

  /** When the last signal of a machine was written, Unix ms; null for none. */
  lastOf(machine: string): number | null {
    return this.lastAt.get(machine) ?? null;
  }

  lifecycle(machine: string, word: Word, at: number): Signal {
    return this.write(machine, '$lifecycle', at, {
      path: '$lifecycle',
      kind: 'lifecycle',
      value: word,
      type: 'string',
    });
  }

  /** `from` and `to`: numbers of lost messages; null where the server lost values of its own, of which nobody knows how many. */
  gap(
    machine: string,
    at: number,
    value: {
      readonly from: number | null;
      readonly to: number | null;
      readonly lost: number | null;
      readonly path?: string;
    },
  ): Signal {
    return this.write(machine, value.path ?? '$gap', at, {
      path: '$gap',
      kind: 'lifecycle',
      value: { ...value },
      type: 'json',
    });
  }

  value(
    item: FoundItem,
    unit: string | null,
    read: ReadValue,
    type: Signal['type'],
    snapshot: boolean,
    at: number,
  ): Signal {
    return this.write(item.machine, item.nodeId, at, {
      path: item.path,
      kind: NUMBERS.has(type) ? 'sample' : 'event',
      value: read.value,
      type,
      unit,
      quality: read.quality,
      qualityCode: read.qualityCode,
      sourceTs: read.sourceTs,
      serverTs: read.serverTs,
      clock: `ua:${this.options.source}`,
      flags: [...(snapshot ? (['snapshot'] as const) : []), ...(read.overflow ? (['overflow'] as const) : [])],
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
    return this.write(machine, condition.conditionId, at, {
      path: condition.path,
      kind: 'condition',
      value: { ...condition.value },
      type: 'condition',
      sourceTs: condition.sourceTs,
      serverTs: condition.serverTs,
      clock: `ua:${this.options.source}`,
      flags: snapshot ? ['snapshot'] : [],
    });
  }

  private write(machine: string, ref: string, at: number, fields: Fields): Signal {
    const seq = this.counts.get(machine) ?? 0;
    this.counts.set(machine, seq + 1);
    this.lastAt.set(machine, at);
    const moment = new Date(at).toISOString();
    return {
      v: 1,
      tenant: this.options.tenant,
      machine,
      source: this.options.source,
      session: this.session,
      seq,
      unit: null,
      quality: 'good',
      qualityCode: null,
      sourceTs: null,
      serverTs: null,
      receiveTs: moment,
      at: moment,
      clock: 'millrace',
      flags: [],
      raw: { proto: 'ua', ref },
      ...fields,
    };
  }
}
