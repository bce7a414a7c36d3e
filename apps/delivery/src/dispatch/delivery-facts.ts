import {
  type Contract,
  type DeliveryTask,
  type Endpoint,
  type Outcome,
  outcomeName,
  type ParkReason,
  type Settlement,
} from '@millrace/domain';
import type { AttemptFinished, AttemptStarted, DeliveryEnded, DeliveryParked } from '@millrace/protocol';
import type { TraceContext } from '@millrace/telemetry';
import type { WebhookRequest } from '@millrace/webhook-client';
import { destinationOf, headersForHistory } from './prepare';

/** One request of a delivery, as its facts name it. */
export interface AttemptSubject {
  readonly task: DeliveryTask;
  /** As it was when the request was begun. */
  readonly endpoint: Endpoint;
  readonly requestId: string;
  readonly trace: TraceContext;
}

/** @param recordOffset of the task's record in `deliveries` */
export const startedFact = (
  { task, endpoint, requestId, trace }: AttemptSubject,
  recordOffset: number,
  at: number,
): AttemptStarted => ({
  kind: 'attempt-started',
  at,
  deliveryId: task.deliveryId,
  tenant: task.tenant,
  endpointId: task.endpointId,
  epoch: task.epoch,
  attempt: task.attempt,
  requestId,
  url: destinationOf(task, endpoint),
  traceId: trace.traceId,
  spanId: trace.spanId,
  recordOffset,
  chain: task.chain,
  eventId: task.eventId,
});

export interface AttemptEnd {
  /** Null when it could not be made. */
  readonly request: WebhookRequest | null;
  readonly outcome: Outcome;
  readonly settlement: Settlement;
  /** Unix ms. */
  readonly startedAt: number;
  readonly endedAt: number;
}

export const finishedFact = (
  { task, endpoint, requestId, trace }: AttemptSubject,
  contract: Contract,
  { request, outcome, settlement, startedAt, endedAt }: AttemptEnd,
): AttemptFinished => ({
  kind: 'attempt-finished',
  at: endedAt,
  deliveryId: task.deliveryId,
  tenant: task.tenant,
  endpointId: task.endpointId,
  epoch: task.epoch,
  attempt: task.attempt,
  requestId,
  startedAt,
  durationMs: outcome.durationMs,
  outcome: outcomeName(outcome, settlement.kind === 'succeeded'),
  request: { url: destinationOf(task, endpoint), headers: request ? headersForHistory(request, endpoint) : {} },
  response:
    outcome.kind === 'response'
      ? {
          status: outcome.status,
          headers: outcome.headers,
          body: outcome.body.toString('base64'),
          bodyTruncated: outcome.bodyTruncated,
        }
      : null,
  error: outcome.kind === 'failure' ? outcome.message : contract.explains(outcome.status),
  traceId: trace.traceId,
  spanId: trace.spanId,
  result: resultOf(settlement),
});

const resultOf = (settlement: Settlement): AttemptFinished['result'] => {
  switch (settlement.kind) {
    case 'retry':
      return { kind: 'retry', nextAttemptAt: settlement.plannedAt };
    case 'exhausted':
    case 'endpoint_gone':
      return { kind: 'failed', reason: settlement.kind };
    case 'succeeded':
    case 'expired':
      return { kind: settlement.kind };
  }
};

export interface ParkedPlace {
  readonly reason: ParkReason;
  /** Of the task's record in `deliveries`. */
  readonly offset: number;
  /** The delivery that has to end first, where order is kept. */
  readonly behind: string | null;
}

export const parkedFact = (
  task: DeliveryTask,
  { reason, offset, behind }: ParkedPlace,
  at: number,
): DeliveryParked => ({
  kind: 'parked',
  at,
  deliveryId: task.deliveryId,
  tenant: task.tenant,
  endpointId: task.endpointId,
  epoch: task.epoch,
  attempt: task.attempt,
  reason,
  recordOffset: offset,
  behind,
});

export const reasonOfCommand = (kind: 'cancel' | 'skip'): DeliveryEnded['reason'] =>
  kind === 'cancel' ? 'cancelled_by_command' : 'skipped_by_command';

export interface EndWithoutAttempt {
  readonly status: DeliveryEnded['status'];
  readonly reason: DeliveryEnded['reason'];
  readonly command: { readonly by: string; readonly commandId: string } | null;
  /** Of the task's record in `deliveries`. */
  readonly offset: number;
}

export const endedFact = (
  task: DeliveryTask,
  { status, reason, command, offset }: EndWithoutAttempt,
  at: number,
): DeliveryEnded => ({
  kind: 'ended',
  at,
  deliveryId: task.deliveryId,
  tenant: task.tenant,
  endpointId: task.endpointId,
  epoch: task.epoch,
  attempt: task.attempt,
  status,
  reason,
  by: command?.by ?? null,
  commandId: command?.commandId ?? null,
  recordOffset: offset,
});
