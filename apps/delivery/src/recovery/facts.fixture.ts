import { deliveryId } from '@millrace/domain';
import type {
  AttemptFinished,
  AttemptStarted,
  DeliveryCreated,
  DeliveryEnded,
  DeliveryParked,
  DeliveryReopened,
} from '@millrace/protocol';

export const NOW = 1_760_000_000_000;

export const idOf = (n: number | string): string => deliveryId(`key-${n}`, NOW, 'ep_1', { kind: 'event' });

const subject = (n: number | string) => ({ deliveryId: idOf(n), tenant: 'default', endpointId: 'ep_1', at: NOW });

export const created = (n: number | string, more: Partial<DeliveryCreated> = {}): DeliveryCreated => ({
  kind: 'created',
  ...subject(n),
  eventId: `evt_${n}`,
  eventKey: `key-${n}`,
  eventType: 'machine.alarm',
  subject: null,
  contract: 'standard',
  contractVersion: 1,
  trigger: { kind: 'event' },
  acceptedAt: NOW,
  bodySha256: '',
  traceId: '',
  ...more,
});

export const started = (n: number | string, more: Partial<AttemptStarted> = {}): AttemptStarted => ({
  kind: 'attempt-started',
  ...subject(n),
  epoch: 0,
  attempt: 1,
  requestId: 'r',
  url: 'https://receiver.example',
  traceId: '',
  spanId: '',
  recordOffset: 7,
  eventId: `evt_${n}`,
  chain: { sequence: 3, previousId: 'evt_before' },
  ...more,
});

export const finished = (
  n: number | string,
  result: AttemptFinished['result']['kind'],
  more: Partial<AttemptFinished> = {},
): AttemptFinished => ({
  kind: 'attempt-finished',
  ...subject(n),
  epoch: 0,
  attempt: 1,
  requestId: 'r',
  startedAt: NOW,
  durationMs: 1,
  outcome: 'http_503',
  request: { url: 'https://receiver.example', headers: {} },
  response: null,
  error: null,
  traceId: '',
  spanId: '',
  result: resultOf(result),
  ...more,
});

const resultOf = (kind: AttemptFinished['result']['kind']): AttemptFinished['result'] => {
  if (kind === 'retry') return { kind, nextAttemptAt: NOW };
  return kind === 'failed' ? { kind, reason: 'exhausted' } : { kind };
};

export const ended = (
  n: number | string,
  status: DeliveryEnded['status'],
  more: Partial<DeliveryEnded> = {},
): DeliveryEnded => ({
  kind: 'ended',
  ...subject(n),
  epoch: 0,
  attempt: 1,
  status,
  reason: status === 'expired' ? 'expired' : 'cancelled_by_command',
  by: null,
  commandId: null,
  recordOffset: 11,
  ...more,
});

export const parked = (n: number | string, more: Partial<DeliveryParked> = {}): DeliveryParked => ({
  kind: 'parked',
  ...subject(n),
  epoch: 0,
  attempt: 1,
  reason: 'lane_full',
  recordOffset: 9,
  behind: null,
  ...more,
});

export const reopened = (n: number | string, epoch: number): DeliveryReopened => ({
  kind: 'reopened',
  ...subject(n),
  epoch,
  commandId: 'cmd',
  by: 'key_1',
  replay: null,
});
