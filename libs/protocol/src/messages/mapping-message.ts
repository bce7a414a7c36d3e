import { isTenantName } from '@millrace/domain';
import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * A mapping as it was sent, on the compacted topic `mappings`; key is tenant and hash. What a `$config` signal or the state
 * of a machine names is found here, so that a replay folds with the mapping that was valid then: records stay for good.
 */
export interface MappingRecord {
  readonly v: 1;
  readonly tenant: string;
  readonly name: string;
  /** From 1; of the name. */
  readonly version: number;
  /** Of the document. */
  readonly hash: string;
  readonly format: 'yaml' | 'json';
  /** As it came. */
  readonly text: string;
  /** What it serves, each with the hash of its own compiled mapping, which signals and states name. */
  readonly machines: readonly { readonly machine: string; readonly hash: string }[];
}

export const mappingKey = (tenant: string, hash: string): string => `${tenant}/${hash}`;

export const encodeMapping = (topic: string, mapping: Omit<MappingRecord, 'v'>): OutgoingMessage => ({
  topic,
  key: mappingKey(mapping.tenant, mapping.hash),
  value: Buffer.from(JSON.stringify({ v: 1, ...mapping })),
  headers: {},
});

/** Null for a record that is none. */
export const decodeMapping = (message: Pick<IncomingMessage, 'key' | 'value'>): MappingRecord | null => {
  if (message.value === null) return null;
  try {
    const mapping = JSON.parse(message.value.toString('utf8')) as MappingRecord;
    const good =
      mapping.v === 1 &&
      isTenantName(mapping.tenant) &&
      typeof mapping.name === 'string' &&
      typeof mapping.hash === 'string' &&
      typeof mapping.text === 'string' &&
      (mapping.format === 'yaml' || mapping.format === 'json') &&
      Array.isArray(mapping.machines) &&
      mapping.machines.every((one) => typeof one?.machine === 'string' && typeof one.hash === 'string') &&
      Number.isSafeInteger(mapping.version) &&
      message.key?.toString('utf8') === mappingKey(mapping.tenant, mapping.hash);
    return good ? mapping : null;
  } catch {
    return null;
  }
};
