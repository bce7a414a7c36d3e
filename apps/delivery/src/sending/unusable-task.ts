import { encodeRejection, type IncomingMessage, type OutgoingMessage, type TopicNames } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';

/** The rejection of a record that stands where a delivery task should, and the log line about it. `now` in Unix ms. */
export const rejectUnusableTask = (
  logger: Logger,
  topics: Pick<TopicNames, 'eventsRejected'>,
  message: IncomingMessage,
  now: number,
): OutgoingMessage => {
  const { topic, partition, offset } = message;
  logger.warn({ topic, partition, offset: String(offset) }, 'record is no delivery task; put into the quarantine');
  const why = { code: 'unusable_task', detail: 'The record is not a delivery task that Millrace wrote.' };
  return encodeRejection(topics.eventsRejected, message, why, now);
};
