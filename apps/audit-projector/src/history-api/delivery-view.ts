import type { CommandKind, CommandView, DeliveryDetailView, DeliveryStatus, DeliveryView } from '@millrace/protocol';
import { RANK_ENDED } from '../projections/deliveries/delivery.projection';
import type { StoredCommand, StoredDelivery } from './history-reader.store';

export const timeText = (ms: number | string): string => new Date(Number(ms)).toISOString();

export const deliveryView = (row: StoredDelivery): DeliveryView => ({
  id: row.delivery_id,
  eventId: row.event_id,
  eventType: row.event_type,
  subject: row.subject?.toString('utf8') ?? null,
  endpointId: row.endpoint_id,
  contract: row.contract,
  status: row.status as DeliveryStatus,
  statusReason: row.reason === '' ? null : row.reason,
  trigger: row.trigger,
  attemptCount: Number(row.attempt_count),
  requestCount: Number(row.request_count),
  nextAttemptAt: row.next_attempt_at === '0' ? null : timeText(row.next_attempt_at),
  createdAt: timeText(row.created_at),
  completedAt: row.rank >= RANK_ENDED ? timeText(row.state_at) : null,
  lastOutcome: row.last_outcome,
});

/** What the view of one delivery has beside its attempts and commands. */
export const deliveryPlace = (
  row: StoredDelivery,
): Pick<DeliveryDetailView, 'epoch' | 'sequence' | 'previousEventId' | 'behind'> => ({
  epoch: row.epoch,
  sequence: row.sequence === null ? null : Number(row.sequence),
  previousEventId: row.previous_event_id || null,
  behind: row.behind || null,
});

export const commandView = (row: StoredCommand): CommandView => ({
  commandId: row.command_id,
  command: row.command as CommandKind,
  by: row.by,
  result: row.result as CommandView['result'],
  reason: row.reason || null,
  at: timeText(row.answered_at),
});
