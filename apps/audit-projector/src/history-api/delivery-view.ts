import type { DeliveryStatus, DeliveryView } from '@millrace/protocol';
import { RANK_ENDED } from '../projections/deliveries/delivery.projection';
import type { StoredDelivery } from './history-reader.store';

export const timeText = (ms: number | string): string => new Date(Number(ms)).toISOString();

export const deliveryView = (row: StoredDelivery): DeliveryView => ({
  id: row.delivery_id,
  eventId: row.event_id,
  eventType: row.event_type,
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
