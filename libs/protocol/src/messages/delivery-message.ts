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

/** Null for a record that Millrace did not write: it is quarantined by the caller. */
export const decodeDelivery = (message: IncomingMessage): DeliveryRecord | null => {
  const header = message.headers[TASK_HEADER];
  if (message.value === null || header === undefined) return null;
  try {
    const task = JSON.parse(header.toString('utf8')) as DeliveryTask;
    if (typeof task.deliveryId !== 'string' || typeof task.endpointId !== 'string' || typeof task.attempt !== 'number')
      return null;
    return { task, body: message.value, traceparent: message.headers['traceparent']?.toString('utf8') ?? '' };
  } catch {
    return null;
  }
};
