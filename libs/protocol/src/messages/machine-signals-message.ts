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
 * part. The holder of the machine writes them some seconds late.
 */
export const encodeMachineSignals = (
  topic: string,
  { tenant, machine, part }: { readonly tenant: string; readonly machine: string; readonly part: number },
  signals: readonly LastSignal[],
): OutgoingMessage => ({
  topic,
  key: `${machineKey(tenant, machine)}/${part}`,
  value: Buffer.from(JSON.stringify({ v: 1, signals })),
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
