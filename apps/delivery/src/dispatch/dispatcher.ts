import {
  type Contract,
  contractNamed,
  type DeliveryTask,
  type Endpoint,
  nextAttempt,
  nextHop,
  type Outcome,
  outcomeName,
  type ParkReason,
  parkedTask,
  settle,
} from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import {
  type AttemptFinished,
  type DeliveryEnded,
  type DeliveryRecord,
  decodeDelivery,
  encodeDelivery,
  encodeEndpointDisabled,
  encodeRejection,
  type OutgoingMessage,
  type TopicNames,
} from '@millrace/protocol';
import {
  deliveryAttempted,
  deliveryParked,
  deliverySettled,
  destinationBlocked,
  formatTraceparent,
  type Logger,
  metrics,
  parseTraceparent,
  retryScheduled,
  startSpan,
} from '@millrace/telemetry';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import { type LaneLimits, Lanes } from './lanes';
import { headersForHistory, type PreparedAttempt, prepare } from './prepare';
import { SeenRecords } from './seen-records';

export interface DispatcherSettings {
  readonly lanes: LaneLimits;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
  readonly topics: TopicNames;
  /** Deliveries remembered for telling repeats. */
  readonly seenCapacity: number;
}

type Route =
  | { readonly kind: 'send'; readonly endpoint: Endpoint; readonly contract: Contract }
  | { readonly kind: 'park'; readonly reason: ParkReason }
  | { readonly kind: 'end'; readonly status: DeliveryEnded['status']; readonly reason: DeliveryEnded['reason'] };

interface ReadyWork {
  readonly work: DispatchWork;
  readonly endpoint: Endpoint;
  readonly contract: Contract;
}

/** A parked delivery comes back after these waits, so that a long wait costs few rounds. Scaled like every delay. */
const PARKED_FOR_MS = [1_000, 1_000, 5_000, 5_000, 30_000] as const;

/**
 * The life of a delivery task here: it arrives (`accept`), a repeat is recognised, it waits for the rest of its delay, it
 * is routed (its endpoint may be gone, paused or full), it queues in its endpoint's lane, `attempt-started` is written and
 * acknowledged, the signed request leaves, and what `settle` decides is carried out: first the next task (retry tier, dead
 * letter) is acknowledged, then `attempt-finished`, and only then is the record finished and the lane's place given back.
 *
 * So after a crash at any point the record is delivered again, the log tells whether its attempt was finished, and the
 * requests that may repeat are those in flight, which the lanes bound.
 */
export class Dispatcher {
  private readonly lanes: Lanes<ReadyWork>;
  private readonly seen: SeenRecords;
  /** Work that was taken up and has not ended, by delivery. */
  private readonly active = new Map<string, DispatchWork>();
  /** Endpoint versions that answered 410 here and whose new status has not come back through the directory yet. */
  private readonly goneVersions = new Map<string, number>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly repeats = metrics.counter(
    'webhook_repeats_dropped_total',
    'Records recognised as repeats of a task already taken up.',
  );

  constructor(
    private readonly settings: DispatcherSettings,
    private readonly ports: DispatchPorts,
    private readonly logger: Logger,
  ) {
    this.lanes = new Lanes(settings.lanes);
    this.seen = new SeenRecords(settings.seenCapacity);
    metrics.callbackGauge('webhook_inflight', 'Requests in flight.', [], () => this.lanes.inFlight);
    metrics.callbackGauge(
      'webhook_queued',
      "Deliveries that wait in their endpoint's lane.",
      [],
      () => this.lanes.queued,
    );
  }

  get inFlight(): number {
    return this.lanes.inFlight;
  }

  /** Tells of a position that the delivery log shows as finished, before the records of its partition are handed out. */
  noteFinished(deliveryId: string, epoch: number, attempt: number, parkings: number): void {
    this.seen.note(deliveryId, { epoch, attempt, parkings });
  }

  accept(record: ConsumedRecord): void {
    const delivery = decodeDelivery(record.message);
    if (!delivery) {
      const why = { code: 'unusable_task', detail: 'The record is not a delivery task that Millrace wrote.' };
      void this.ports.tasks
        .send([encodeRejection(this.settings.topics.eventsRejected, record.message, why, this.ports.now())])
        .then((sent) => sent && record.complete());
      return;
    }
    const { task } = delivery;
    if (!this.seen.take(task.deliveryId, task)) {
      this.repeats.inc();
      const active = this.active.get(task.deliveryId);
      if (active && active.delivery.task.epoch === task.epoch && active.delivery.task.attempt === task.attempt)
        active.records.push(record);
      else record.complete();
      return;
    }
    const work: DispatchWork = { delivery, partition: record.message.partition, records: [record] };
    this.active.set(task.deliveryId, work);
    const wait = task.remainingDelayMs > 0 ? record.message.timestamp + task.remainingDelayMs - this.ports.now() : 0;
    if (wait <= 0) {
      this.route(work);
      return;
    }
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.route(work);
    }, Math.ceil(wait));
    this.timers.add(timer);
  }

  /** Stops what waits for time; requests in flight go on to their end. */
  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private route(work: DispatchWork): void {
    if (this.abandoned(work)) return;
    const { task } = work.delivery;
    const entry = this.ports.directory.get(task.endpointId);
    if (entry) {
      this.follow(work, this.decide(task, entry.endpoint));
      return;
    }
    // The endpoint may be younger than this process's view of the directory: look again when that is up to date.
    void this.ports.directory.caughtUp().then(
      () => {
        const found = this.ports.directory.get(task.endpointId);
        if (this.abandoned(work)) return;
        this.follow(
          work,
          found ? this.decide(task, found.endpoint) : { kind: 'end', status: 'cancelled', reason: 'endpoint_deleted' },
        );
      },
      (error) => {
        this.logger.warn(
          { error: String(error), endpointId: task.endpointId },
          'directory cannot be brought up to date; trying again',
        );
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          this.route(work);
        }, 500);
        this.timers.add(timer);
      },
    );
  }

  private decide(task: DeliveryTask, endpoint: Endpoint): Route {
    if (task.expiresAt !== null && this.ports.now() > task.expiresAt)
      return { kind: 'end', status: 'expired', reason: 'expired' };
    const contract = contractNamed(task.contract.name, task.contract.version);
    if (!contract) return { kind: 'end', status: 'failed', reason: 'unusable_task' };
    const gone = this.goneVersions.get(endpoint.id);
    if (gone !== undefined && endpoint.version > gone) this.goneVersions.delete(endpoint.id);
    else if (gone !== undefined) return { kind: 'park', reason: 'endpoint_disabled' };
    if (endpoint.status === 'paused') return { kind: 'park', reason: 'endpoint_paused' };
    if (endpoint.status === 'disabled') return { kind: 'park', reason: 'endpoint_disabled' };
    return { kind: 'send', endpoint, contract };
  }

  private follow(work: DispatchWork, route: Route): void {
    switch (route.kind) {
      case 'send': {
        const { endpoint, contract } = route;
        if (this.lanes.offer(endpoint.id, { work, endpoint, contract }, this.ports.now())) this.pump();
        else void this.park(work, 'lane_full');
        break;
      }
      case 'park':
        void this.park(work, route.reason);
        break;
      case 'end':
        void this.end(work, route.status, route.reason);
        break;
    }
  }

  private pump(): void {
    const now = this.ports.now();
    for (let ready = this.lanes.next(now); ready; ready = this.lanes.next(now)) this.begin(ready);
  }

  /** Writes that a request is about to leave; it leaves when that is acknowledged. */
  private begin({ work, endpoint: queued, contract }: ReadyWork): void {
    const { task, traceparent } = work.delivery;
    if (this.abandoned(work)) {
      this.lanes.release(task.endpointId, this.ports.now());
      return;
    }
    // The endpoint may have changed while the work was queued.
    const endpoint = this.ports.directory.get(task.endpointId)?.endpoint ?? queued;
    const origin = parseTraceparent(traceparent);
    const span = startSpan('deliver webhook', {
      kind: 'client',
      parent: task.attempt === 1 ? origin : null,
      links: task.attempt > 1 && origin ? [origin] : [],
      attributes: {
        'webhook.tenant.id': task.tenant,
        'webhook.event.id': task.eventId,
        'webhook.delivery.id': task.deliveryId,
        'webhook.endpoint.id': task.endpointId,
        'webhook.attempt.number': task.attempt,
        'http.request.method': 'POST',
      },
    });
    const requestId = this.ports.newRequestId();
    this.ports.log.append(
      work.partition,
      {
        kind: 'attempt-started',
        at: this.ports.now(),
        deliveryId: task.deliveryId,
        tenant: task.tenant,
        endpointId: task.endpointId,
        epoch: task.epoch,
        attempt: task.attempt,
        requestId,
        url: endpoint.url,
        traceId: span.context.traceId,
        spanId: span.context.spanId,
      },
      () => void this.attempt(work, endpoint, contract, requestId, span),
    );
  }

  private async attempt(
    work: DispatchWork,
    endpoint: Endpoint,
    contract: Contract,
    requestId: string,
    span: ReturnType<typeof startSpan>,
  ): Promise<void> {
    const { task, body } = work.delivery;
    const startedAt = this.ports.now();
    let prepared: PreparedAttempt | null = null;
    let outcome: Outcome;
    try {
      const keys = this.ports.keys.activeFor(endpoint, startedAt);
      prepared = prepare({
        task,
        body,
        contract,
        endpoint,
        keys,
        requestId,
        traceparent: formatTraceparent(span.context),
        now: startedAt,
      });
      outcome = await this.ports.client.send(prepared.request);
    } catch (error) {
      // A secret that does not open, or a header that cannot be sent: no request left, and the schedule goes on.
      this.logger.error(
        { error: String(error), deliveryId: task.deliveryId, endpointId: endpoint.id },
        'the request could not be made',
      );
      outcome = {
        kind: 'failure',
        failure: 'protocol',
        message: 'The request could not be made; see the log of the delivery service.',
        durationMs: 0,
      };
    }
    const now = this.ports.now();
    const settlement = settle({
      task,
      contract,
      outcome,
      now,
      random: this.ports.random(),
      timeScale: this.settings.timeScale,
    });
    const name = outcomeName(outcome, settlement.kind === 'succeeded');
    const result: AttemptFinished['result'] =
      settlement.kind === 'retry'
        ? { kind: 'retry', nextAttemptAt: settlement.plannedAt }
        : settlement.kind === 'exhausted' || settlement.kind === 'endpoint_gone'
          ? { kind: 'failed', reason: settlement.kind }
          : { kind: settlement.kind };
    const fact: AttemptFinished = {
      kind: 'attempt-finished',
      at: now,
      deliveryId: task.deliveryId,
      tenant: task.tenant,
      endpointId: task.endpointId,
      epoch: task.epoch,
      attempt: task.attempt,
      requestId,
      startedAt,
      durationMs: outcome.durationMs,
      outcome: name,
      request: { url: endpoint.url, headers: prepared ? headersForHistory(prepared) : {} },
      response:
        outcome.kind === 'response'
          ? {
              status: outcome.status,
              headers: outcome.headers,
              body: outcome.body.toString('base64'),
              bodyTruncated: outcome.bodyTruncated,
            }
          : null,
      error: outcome.kind === 'failure' ? outcome.message : null,
      traceId: span.context.traceId,
      spanId: span.context.spanId,
      result,
    };
    span.end(
      settlement.kind === 'succeeded'
        ? { attributes: { 'webhook.outcome': name } }
        : { error: name, attributes: { 'webhook.outcome': name } },
    );
    this.tell(task, fact, outcome);
    const following = this.following(work.delivery, endpoint, settlement, now);
    if (following.length > 0 && !(await this.ports.tasks.send(following))) return;
    this.ports.log.append(work.partition, fact, () => {
      this.finish(work);
      this.lanes.release(task.endpointId, this.ports.now());
      this.pump();
    });
  }

  private tell(task: DeliveryTask, fact: AttemptFinished, outcome: Outcome): void {
    const { deliveryId, tenant, endpointId, attempt, requestId, durationMs, error, traceId } = fact;
    const { eventId, eventType } = task;
    const latencyMs = attempt === 1 ? Math.max(0, fact.startedAt - task.acceptedAt) : undefined;
    deliveryAttempted(this.logger, {
      tenant,
      deliveryId,
      eventId,
      eventType,
      endpointId,
      contract: task.contract.name,
      attempt,
      requestId,
      outcome: fact.outcome,
      durationMs,
      latencyMs,
      error,
      traceId,
    });
    if (outcome.kind === 'failure' && outcome.failure === 'blocked_destination')
      destinationBlocked(this.logger, { tenant, endpointId, stage: 'dispatch', detail: outcome.message });
    const { result } = fact;
    if (result.kind === 'retry') {
      const delayMs = result.nextAttemptAt - fact.at;
      retryScheduled(this.logger, {
        deliveryId,
        endpointId,
        attempt,
        tier: nextHop(delayMs / this.settings.timeScale)?.name ?? 'none',
        delayMs,
        traceId,
      });
    } else {
      const reason = result.kind === 'failed' ? result.reason : result.kind === 'expired' ? 'expired' : undefined;
      deliverySettled(this.logger, { tenant, deliveryId, endpointId, status: result.kind, reason, attempt, traceId });
    }
  }

  /** The messages that carry out a settlement. */
  private following(
    delivery: DeliveryRecord,
    endpoint: Endpoint,
    settlement: ReturnType<typeof settle>,
    now: number,
  ): OutgoingMessage[] {
    const { topics } = this.settings;
    switch (settlement.kind) {
      case 'succeeded':
        return [];
      case 'retry':
        return [
          this.delayed({
            ...delivery,
            task: nextAttempt(delivery.task, settlement.delayMs, settlement.plannedAt, now),
          }),
        ];
      case 'exhausted':
      case 'expired':
        return [encodeDelivery(topics.deadLetter, delivery)];
      case 'endpoint_gone': {
        this.goneVersions.set(endpoint.id, endpoint.version);
        const disabled = encodeEndpointDisabled(topics.endpointLifecycle, {
          v: 1,
          kind: 'disabled',
          endpointId: endpoint.id,
          tenant: endpoint.tenant,
          endpointVersion: endpoint.version,
          reason: 'receiver_answered_410',
          at: now,
          deliveryId: delivery.task.deliveryId,
        });
        return [encodeDelivery(topics.deadLetter, delivery), disabled];
      }
    }
  }

  /** To the tier of the first hop; a delay shorter than every tier goes straight back and is held in memory. */
  private delayed(delivery: DeliveryRecord): OutgoingMessage {
    const tier = nextHop(delivery.task.remainingDelayMs / this.settings.timeScale);
    return encodeDelivery(tier ? this.settings.topics.retry(tier.name) : this.settings.topics.deliveries, delivery);
  }

  private async park(work: DispatchWork, reason: ParkReason): Promise<void> {
    const { delivery } = work;
    const now = this.ports.now();
    const wait = PARKED_FOR_MS[Math.min(delivery.task.parkings, PARKED_FOR_MS.length - 1)]! * this.settings.timeScale;
    const task = parkedTask(delivery.task, reason, Math.ceil(wait), now);
    if (!(await this.ports.tasks.send([this.delayed({ ...delivery, task })]))) return;
    const { deliveryId, tenant, endpointId, epoch, attempt, parkings } = delivery.task;
    if (delivery.task.parked === null) deliveryParked(this.logger, { deliveryId, endpointId, reason });
    this.ports.log.append(
      work.partition,
      { kind: 'parked', at: now, deliveryId, tenant, endpointId, epoch, attempt, parkings, reason },
      () => this.finish(work),
    );
  }

  private async end(
    work: DispatchWork,
    status: DeliveryEnded['status'],
    reason: DeliveryEnded['reason'],
  ): Promise<void> {
    const { delivery } = work;
    if (
      status !== 'cancelled' &&
      !(await this.ports.tasks.send([encodeDelivery(this.settings.topics.deadLetter, delivery)]))
    )
      return;
    const { deliveryId, tenant, endpointId, epoch, attempt } = delivery.task;
    deliverySettled(this.logger, { tenant, deliveryId, endpointId, status, reason, attempt });
    const fact: DeliveryEnded = {
      kind: 'ended',
      at: this.ports.now(),
      deliveryId,
      tenant,
      endpointId,
      epoch,
      attempt,
      status,
      reason,
    };
    this.ports.log.append(work.partition, fact, () => this.finish(work));
  }

  private finish(work: DispatchWork): void {
    this.release(work);
    for (const record of work.records) record.complete();
  }

  /** True when every record of the work belongs to another process now: that one carries it out. */
  private abandoned(work: DispatchWork): boolean {
    if (work.records.some((record) => record.current)) return false;
    // A later step of the same delivery may have been taken up meanwhile; it stays.
    if (this.release(work)) this.seen.forget(work.delivery.task.deliveryId);
    return true;
  }

  private release(work: DispatchWork): boolean {
    if (this.active.get(work.delivery.task.deliveryId) !== work) return false;
    return this.active.delete(work.delivery.task.deliveryId);
  }
}
