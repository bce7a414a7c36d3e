import { machineKey, type Signal } from '@millrace/domain';
import type { IncomingMessage, OutgoingMessage } from './message';

/** The last that was heard of one data item; for people, beside the exact fold. */
export interface LastSignal {
  readonly source: string;
  readonly path: string;
  /** As it came, a long one cut. */
  readonly value: Signal['value'];
  readonly cut: boolean;
  readonly type: Signal['type'];
  readonly unit: string | null;
  readonly quality: Signal['quality'];
  readonly qualityCode: string | null;
  readonly sourceTs: string | null;
  /** Evaluation time, Unix ms. */
  readonly at: number;
  /** Signals of this item that were folded since the machine is known. */
  readonly count: number;
}

/** Parts of a machine's last signals: what changes is written, and not all of ten thousand items. */
export const SIGNAL_PARTS = 32;

/**
 * Last signals of a machine on the compacted topic `machine-signals`, in parts; key is tenant, machine and the number of the
 * part. The holder of the machine writes them some seconds late; a part with nothing in it is taken out of the topic.
 */
export const encodeMachineSignals = (
  topic: string,
  { tenant, machine, part }: { readonly tenant: string; readonly machine: string; readonly part: number },
  signals: readonly LastSignal[],
): OutgoingMessage => ({
  topic,
  key: `${machineKey(tenant, machine)}/${part}`,
  value: signals.length === 0 ? null : Buffer.from(JSON.stringify({ v: 1, signals })),
  headers: {},
});

/** Machine and part of a record; null for one that is none. */
export const placeOfMachineSignals = (
  message: Pick<IncomingMessage, 'key'>,
): { readonly key: string; readonly part: number } | null => {
  // Names of tenants and machines have no slash.
  const [, key, part] = /^([^/]+\/[^/]+)\/(\d{1,4})$/.exec(message.key?.toString('utf8') ?? '') ?? [];
  return key === undefined || part === undefined ? null : { key, part: Number(part) };
};

/**
 * Up to which offset of `signals` the parts of a partition's machines are written; on the same topic and after them. Key is
 * the number of the partition.
 */
export const encodeHeardUpTo = (
  topic: string,
  { partition, offset }: Pick<IncomingMessage, 'partition' | 'offset'>,
): OutgoingMessage => ({
  topic,
  key: String(partition),
  value: Buffer.from(JSON.stringify({ v: 1, offset: String(offset) })),
  headers: {},
});

/** Null for a record that is none. */
export const decodeHeardUpTo = ({
  key,
  value,
}: Pick<IncomingMessage, 'key' | 'value'>): { readonly partition: number; readonly offset: bigint } | null => {
  const partition = key?.toString('utf8') ?? '';
  if (!/^\d{1,9}$/.test(partition) || value === null) return null;
  try {
    const { v, offset } = JSON.parse(value.toString('utf8')) as { v: number; offset: unknown };
    if (v !== 1 || typeof offset !== 'string' || !/^\d{1,19}$/.test(offset)) return null;
    return { partition: Number(partition), offset: BigInt(offset) };
  } catch {
    return null;
  }
};

/** None for a record that cannot be read: what is heard next takes its place. */
export const decodeMachineSignals = (value: Buffer): readonly LastSignal[] => {
  try {
    const record = JSON.parse(value.toString('utf8')) as { v: number; signals: LastSignal[] };
    if (record.v !== 1 || !Array.isArray(record.signals)) return [];
    return record.signals.filter(
      (one) =>
        typeof one?.path === 'string' &&
        typeof one.source === 'string' &&
        Number.isFinite(one.at) &&
        Number.isFinite(one.count),
    );
  } catch {
    return [];
  }
};
