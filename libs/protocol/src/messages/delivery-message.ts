import type { DeliveryTask } from '@millrace/domain';
import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * A delivery task on `deliveries`, `retry.<tier>` and `dead-letter`: the value is the body that will be sent, byte for
 * byte; the header `millrace-task` is the task as JSON (one header, because each costs an allocation in the client);
 * `traceparent` is the creation context of the delivery, for tracing tools. The key is the endpoint's id.
 */
export interface DeliveryRecord {
  readonly task: DeliveryTask;
  readonly body: Buffer;
  readonly traceparent: string;
}

export const TASK_HEADER = 'millrace-task';

export const encodeDelivery = (topic: string, record: DeliveryRecord): OutgoingMessage => ({
  topic,
  key: record.task.endpointId,
  value: record.body,
  headers: { [TASK_HEADER]: JSON.stringify(record.task), traceparent: record.traceparent },
});

/**
 * Null for a record that Millrace did not write: it is quarantined by the caller. Every member that a reader relies on is
 * checked, because a handler that throws would meet the same record again after each restart.
 */
export const decodeDelivery = (message: IncomingMessage): DeliveryRecord | null => {
  const header = message.headers[TASK_HEADER];
  if (message.value === null || header === undefined) return null;
  try {
    const task: unknown = complete(JSON.parse(header.toString('utf8')));
    if (!isTask(task)) return null;
    return { task, body: message.value, traceparent: message.headers['traceparent']?.toString('utf8') ?? '' };
  } catch {
    return null;
  }
};

/** Members that records of earlier releases lack. */
const ABSENT = { subject: null, chain: null, destination: null, replay: null };

const complete = (task: unknown): unknown =>
  isObject(task) && 'subject' in task && 'chain' in task && 'destination' in task && 'replay' in task
    ? task
    : { ...ABSENT, ...(task as object) };

type Members = { readonly [name: string]: unknown };

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null;
const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown): boolean => value === null || Number.isFinite(value);

const isTask = (value: unknown): value is DeliveryTask =>
  isObject(value) &&
  isText(value['deliveryId']) &&
  isText(value['tenant']) &&
  isText(value['endpointId']) &&
  isText(value['eventId']) &&
  isText(value['eventKey']) &&
  isText(value['eventType']) &&
  isText(value['eventTime']) &&
  isObject(value['contract']) &&
  isText(value['contract']['name']) &&
  isCount(value['contract']['version']) &&
  isObject(value['trigger']) &&
  isText(value['trigger']['kind']) &&
  isCount(value['epoch']) &&
  isCount(value['attempt']) &&
  (value['attempt'] as number) > 0 &&
  Number.isFinite(value['acceptedAt']) &&
  isTime(value['firstFailedAt']) &&
  isTime(value['expiresAt']) &&
  isTime(value['plannedAt']) &&
  Number.isFinite(value['remainingDelayMs']) &&
  (value['remainingDelayMs'] as number) >= 0 &&
  (value['subject'] === null || isText(value['subject'])) &&
  (value['chain'] === null || (isObject(value['chain']) && isCount(value['chain']['sequence']))) &&
  (value['destination'] === null || isText(value['destination'])) &&
  (value['replay'] === null || isText(value['replay']));
