import { encodePayload } from './encode-payload';
import type { SparkplugPayload } from './payload';
import { readValue } from './read-value';

/** The metric by which an edge node is asked for all its BIRTH messages (chapter 6.4.22). */
export const REBIRTH = 'Node Control/Rebirth';
export const BDSEQ = 'bdSeq';

/** Payload of an NCMD. */
export const rebirthCommand = (now: number): Buffer =>
  encodePayload({ timestamp: now, metrics: [{ name: REBIRTH, timestamp: now, type: 'Boolean', value: true }] });

export const asksForRebirth = (payload: SparkplugPayload): boolean =>
  payload.metrics.some(({ name, value }) => name === REBIRTH && value?.field === 'boolean' && value.value);

/** Number of a birth and death that belong together; null where the payload has none. */
export const bdSeqOf = (payload: SparkplugPayload): string | null => {
  const metric = payload.metrics.find(({ name }) => name === BDSEQ);
  if (metric === undefined || metric.value === null) return null;
  // Some declare Int64 and some UInt64, and some send it in the field of 32 bits.
  const read = readValue(metric.value, metric.datatype ?? 8);
  return read.kind === 'value' ? String(read.value) : null;
};
