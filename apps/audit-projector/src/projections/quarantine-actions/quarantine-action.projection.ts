import type { IncomingMessage, QuarantineAction } from '@millrace/protocol';
import { dayOf, isStorableText, isTimeMs } from '../../projector/postgres-text';

/** Rule: one row for each action, at its own position; what an item of the quarantine is follows from its last one. */
export interface QuarantineActionRow {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly ofOffset: bigint;
  readonly day: string;
  readonly action: QuarantineAction['action'];
  readonly at: number;
  readonly by: string;
  readonly corrected: boolean;
  readonly reason: Buffer | null;
}

export const quarantineActionRow = (action: QuarantineAction, message: IncomingMessage): QuarantineActionRow => ({
  topic: message.topic,
  partition: message.partition,
  offset: message.offset,
  ofOffset: BigInt(action.of.offset),
  day: dayOf(message.timestamp),
  action: action.action,
  at: isTimeMs(action.at) ? action.at : message.timestamp,
  by: isStorableText(action.by, 128) ? action.by : 'unknown',
  corrected: action.corrected === true,
  reason: typeof action.reason === 'string' ? Buffer.from(action.reason.slice(0, 500)) : null,
});
