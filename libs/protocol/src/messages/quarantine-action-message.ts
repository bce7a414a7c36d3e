import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * What somebody did about a record of the quarantine, on the same topic behind it: the topic stays the one place that the
 * list is made from, and a rebuilt table knows what was driven again. Value: JSON.
 */
export interface QuarantineAction {
  readonly v: 1;
  readonly action: 'redriven' | 'discarded';
  /** Position of the rejection on this topic. */
  readonly of: { readonly partition: number; readonly offset: string };
  /** Id of the API key. */
  readonly by: string;
  /** Unix ms. */
  readonly at: number;
  /** Topic that it went to again; null for a discarded one. */
  readonly to: string | null;
  /** The bytes were corrected on the way. */
  readonly corrected: boolean;
  readonly reason: string | null;
}

export const QUARANTINE_ACTION_HEADER = 'millrace-quarantine-action';
/** Header of a record that comes from the quarantine: the id it has there. */
export const REDRIVEN_HEADER = 'millrace-redriven';

export const encodeQuarantineAction = (topic: string, action: QuarantineAction): OutgoingMessage => ({
  topic,
  key: `action/${action.of.partition}/${action.of.offset}`,
  value: Buffer.from(JSON.stringify(action)),
  headers: { [QUARANTINE_ACTION_HEADER]: '1' },
  partition: action.of.partition,
});

export const isQuarantineAction = (message: Pick<IncomingMessage, 'headers'>): boolean =>
  message.headers[QUARANTINE_ACTION_HEADER] !== undefined;

/** Null for a record that is none. */
export const decodeQuarantineAction = (message: IncomingMessage): QuarantineAction | null => {
  if (!isQuarantineAction(message) || message.value === null) return null;
  try {
    const action = JSON.parse(message.value.toString('utf8')) as QuarantineAction;
    const known = action.v === 1 && (action.action === 'redriven' || action.action === 'discarded');
    return known && Number.isInteger(action.of?.partition) && /^\d{1,19}$/.test(action.of.offset) ? action : null;
  } catch {
    return null;
  }
};
