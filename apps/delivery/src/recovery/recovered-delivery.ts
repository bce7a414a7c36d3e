import { contractNamed, type DeliveryTrigger, deliveryId, type Event, timeForDeliveryId } from '@millrace/domain';
import type { RecoveryOrder } from '@millrace/protocol';
import { formatTraceparent, parseTraceparent, startSpan } from '@millrace/telemetry';
import type { DirectoryEntry } from '../directory/match-index';
import { type PlannedDelivery, planDeliveries } from '../fan-out/plan-deliveries';

/** What a recovery makes of an event: a delivery of its own for `all`, and for `missing` the one that never came about. */
export const triggerOf = (order: Pick<RecoveryOrder, 'only' | 'recoveryId'>): DeliveryTrigger =>
  order.only === 'all' ? { kind: 'recovery', id: order.recoveryId } : { kind: 'event' };

/** The id of the delivery that the recovery makes of the event. */
export const recoveredId = (event: Event, acceptedAt: number, endpointId: string, trigger: DeliveryTrigger): string =>
  deliveryId(event.key, timeForDeliveryId(event.time, acceptedAt), endpointId, trigger);

/**
 * As fan-out plans it, under the recovery's trigger and with its id for the replay header. Its time begins anew: an event of
 * last month would expire before its first attempt otherwise; under a contract where what is old stays old it does.
 * @param now Unix ms
 * @returns null when the endpoint's contract has no body for the event
 */
export const recoveredDelivery = (
  order: Pick<RecoveryOrder, 'only' | 'recoveryId'>,
  event: Event,
  entry: DirectoryEntry,
  acceptedAt: number,
  timeScale: number,
  now: number,
): PlannedDelivery | null => {
  const span = startSpan('recover event', {
    kind: 'producer',
    parent: parseTraceparent(event.traceparent),
    attributes: {
      'webhook.tenant.id': event.tenant,
      'webhook.event.id': event.id,
      'webhook.event.type': event.type,
      'webhook.recovery.id': order.recoveryId,
    },
  });
  const { planned } = planDeliveries({
    event,
    matches: [entry],
    acceptedAt,
    idTime: timeForDeliveryId(event.time, acceptedAt),
    timeScale,
    traceparent: formatTraceparent(span.context),
    traceId: span.context.traceId,
    now,
  });
  span.end();
  const [first] = planned;
  if (first === undefined) return null;
  const { record, created } = first;
  const { task } = record;
  const trigger = triggerOf(order);
  const id = recoveredId(event, acceptedAt, entry.endpoint.id, trigger);
  const age = contractNamed(task.contract.name)!.expiry.renewed ? Math.max(0, now - acceptedAt) : 0;
  return {
    record: {
      ...record,
      task: {
        ...task,
        deliveryId: id,
        trigger,
        replay: order.recoveryId,
        expiresAt: task.expiresAt === null ? null : task.expiresAt + age,
      },
    },
    created: { ...created, deliveryId: id, trigger },
  };
};
