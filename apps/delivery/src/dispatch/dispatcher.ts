import {
  type Contract,
  type DeliveryTask,
  type Endpoint,
  type Outcome,
  type ParkReason,
  parkedTask,
  settle,
} from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import {
  type DeliveryEnded,
  type DeliveryFact,
  decodeDelivery,
  encodeDelivery,
  type TopicNames,
} from '@millrace/protocol';
import {
  type ActiveSpan,
  deliveryParked,
  deliverySettled,
  formatTraceparent,
  type Logger,
  metrics,
} from '@millrace/telemetry';
import type { WebhookRequest } from '@millrace/webhook-client';
import { rejectUnusableTask } from '../sending/unusable-task';
import { type AttemptSubject, endedFact, finishedFact, parkedFact, startedFact } from './delivery-facts';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import { delayedDelivery, followingMessages } from './following-messages';
import { type LaneLimits, Lanes } from './lanes';
import { prepare } from './prepare';
import { type Route, routeOf } from './route';
import { SeenRecords } from './seen-records';
import { startAttemptSpan, tellAttempt } from './tell-attempt';
import { Timers } from './timers';

export interface DispatcherSettings {
  readonly lanes: LaneLimits;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
  readonly topics: TopicNames;
  /** Deliveries remembered for telling repeats. */
  readonly seenCapacity: number;
}

/** After this the directory is asked again. */
const LOOK_AGAIN_MS = 500;
/** A flush of facts that takes longer than this says that it is Kafka that is slow, and no receiver. */
const SLOW_FLUSH_MS = 1_000;

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
  private readonly lanes: Lanes<DispatchWork>;
  private readonly seen: SeenRecords;
  /** Work that was taken up and has not ended, by delivery. */
  private readonly active = new Map<string, DispatchWork>();
  /** Endpoint versions that answered 410 here and whose new status has not come back through the directory yet. */
  private readonly goneVersions = new Map<string, number>();
  private readonly timers = new Timers();
  /** Tasks and facts on their way to Kafka that belong to no request. */
  private writing = 0;
  /** Facts that Kafka has not acknowledged, and when it was last heard of. */
  private unacknowledged = 0;
  private heardAt = 0;
  private stopping = false;
  private whenIdle: () => void = () => {};
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

  /** What comes at or before this position is a repeat. The delivery log tells of it before a partition's records come. */
  noteFinished(deliveryId: string, epoch: number, attempt: number, parkings: number): void {
    this.seen.note(deliveryId, { epoch, attempt, parkings });
  }

  accept(record: ConsumedRecord): void {
    if (this.stopping) return;
    const delivery = decodeDelivery(record.message);
    if (!delivery) {
      void this.quarantine(record);
      return;
    }
    const { task } = delivery;
    const active = this.active.get(task.deliveryId);
    const sameAttempt =
      active !== undefined &&
      active.delivery.task.epoch === task.epoch &&
      active.delivery.task.attempt === task.attempt;
    if (!this.seen.take(task.deliveryId, task)) {
      this.repeats.inc();
      if (sameAttempt) active.records.push(record);
      else record.complete();
      return;
    }
    if (sameAttempt && !active.parking) {
      // A crash came between the parked copy and the end of the record that was parked: this is the copy of what waits here.
      this.repeats.inc();
      active.records.push(record);
      active.delivery = delivery;
      return;
    }
    const work: DispatchWork = { delivery, partition: record.message.partition, records: [record], parking: false };
    this.active.set(task.deliveryId, work);
    const due = record.message.timestamp + task.remainingDelayMs;
    // Never longer than was asked for: the broker's clock and ours may differ, and ours may have been set back.
    const wait = Math.ceil(Math.min(task.remainingDelayMs, due - this.ports.now()));
    this.timers.after(wait, () => this.route(work));
  }

  /**
   * Parks what was queued when its lane seemed quick and would now wait too long; to be called from time to time. Without
   * it a receiver that hangs would hold its partition for as long as its queue takes, one timeout after the other.
   */
  parkOverdue(): void {
    const now = this.ports.ticks();
    if (this.stopping || (this.unacknowledged > 0 && now - this.heardAt > SLOW_FLUSH_MS)) return;
    for (const work of this.lanes.overdue(now)) if (!this.abandoned(work)) void this.park(work, 'lane_full');
  }

  /**
   * Begins nothing more and leaves what waits to the next owner. Resolves when the requests under way are recorded, at the
   * latest after `drainMs`.
   */
  async stop(drainMs: number): Promise<void> {
    this.stopping = true;
    this.timers.clear();
    if (this.idle) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, drainMs);
      this.whenIdle = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }

  private get idle(): boolean {
    return this.lanes.inFlight === 0 && this.writing === 0;
  }

  private async quarantine(record: ConsumedRecord): Promise<void> {
    const { topics } = this.settings;
    const rejection = rejectUnusableTask(this.logger, topics, record.message, this.ports.now());
    if (await this.ports.tasks.send([rejection])) record.complete();
  }

  private route(work: DispatchWork): void {
    if (this.stopping || this.abandoned(work)) return;
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
        if (this.stopping || this.abandoned(work)) return;
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
        if (!this.stopping) this.timers.after(LOOK_AGAIN_MS, () => this.route(work));
      },
    );
  }

  private decide(task: DeliveryTask, endpoint: Endpoint): Route {
    const gone = this.goneVersions.get(endpoint.id) ?? null;
    if (gone !== null && endpoint.version > gone) this.goneVersions.delete(endpoint.id);
    return routeOf(task, endpoint, gone, this.ports.now());
  }

  private follow(work: DispatchWork, route: Route): void {
    switch (route.kind) {
      case 'send':
        if (this.lanes.offer(route.endpoint.id, work, this.ports.ticks())) this.pump();
        else void this.park(work, 'lane_full');
        break;
      case 'park':
        void this.park(work, route.reason);
        break;
      case 'end':
        void this.end(work, route.status, route.reason);
        break;
    }
  }

  private pump(): void {
    if (this.stopping) return;
    const now = this.ports.ticks();
    for (let ready = this.lanes.next(now); ready; ready = this.lanes.next(now)) this.begin(ready);
  }

  /**
   * Writes that a request is about to leave; it leaves when that is acknowledged. The endpoint may have changed while the
   * work was queued: then it goes another way, and its place is free.
   */
  private begin(work: DispatchWork): void {
    const { task, traceparent } = work.delivery;
    const entry = this.ports.directory.get(task.endpointId);
    const route = entry ? this.decide(task, entry.endpoint) : null;
    if (route?.kind !== 'send' || this.abandoned(work)) {
      this.lanes.release(task.endpointId, this.ports.ticks());
      if (route === null) this.route(work);
      else if (route.kind !== 'send' && !this.abandoned(work)) this.follow(work, route);
      return;
    }
    const { endpoint, contract } = route;
    const span = startAttemptSpan(task, traceparent);
    const subject = { task, endpoint, requestId: this.ports.newRequestId(), trace: span.context };
    this.append(
      work.partition,
      startedFact(subject, this.ports.now()),
      () => void this.attempt(work, contract, subject, span),
    );
  }

  private async attempt(
    work: DispatchWork,
    contract: Contract,
    subject: AttemptSubject,
    span: ActiveSpan,
  ): Promise<void> {
    const { endpoint, requestId } = subject;
    const { task, body } = work.delivery;
    const startedAt = this.ports.now();
    let request: WebhookRequest | null = null;
    let outcome: Outcome;
    try {
      const keys = this.ports.keys.activeFor(endpoint, startedAt);
      request = prepare({
        task,
        body,
        contract,
        endpoint,
        keys,
        requestId,
        traceparent: formatTraceparent(span.context),
        now: startedAt,
      });
      outcome = await this.ports.client.send(request);
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
    const fact = finishedFact(subject, { request, outcome, settlement, startedAt, endedAt: now });
    const attributes = { 'webhook.outcome': fact.outcome };
    span.end(settlement.kind === 'succeeded' ? { attributes } : { error: fact.outcome, attributes });
    const { topics, timeScale } = this.settings;
    tellAttempt(this.logger, task, fact, outcome, timeScale);
    if (settlement.kind === 'endpoint_gone') this.noteGone(endpoint);
    const following = followingMessages({ delivery: work.delivery, endpoint, settlement, topics, timeScale, now });
    if (following.length > 0 && !(await this.ports.tasks.send(following))) return;
    this.append(work.partition, fact, () => {
      this.noteFinished(task.deliveryId, task.epoch, task.attempt, Number.MAX_SAFE_INTEGER);
      this.finish(work);
      this.lanes.release(task.endpointId, this.ports.ticks());
      this.pump();
      if (this.idle) this.whenIdle();
    });
  }

  /** Requests that left before an endpoint changed may answer after those that left since. */
  private noteGone(endpoint: Endpoint): void {
    this.goneVersions.set(endpoint.id, Math.max(endpoint.version, this.goneVersions.get(endpoint.id) ?? 0));
  }

  private async park(work: DispatchWork, reason: ParkReason): Promise<void> {
    const { delivery } = work;
    work.parking = true;
    this.writing++;
    const now = this.ports.now();
    const wait = PARKED_FOR_MS[Math.min(delivery.task.parkings, PARKED_FOR_MS.length - 1)]! * this.settings.timeScale;
    const task = parkedTask(delivery.task, reason, Math.ceil(wait), now);
    const { topics, timeScale } = this.settings;
    if (!(await this.ports.tasks.send([delayedDelivery(topics, timeScale, { ...delivery, task })]))) return;
    const { deliveryId, endpointId, parked } = delivery.task;
    if (parked === null) deliveryParked(this.logger, { deliveryId, endpointId, reason });
    this.append(work.partition, parkedFact(delivery.task, reason, now), () => this.written(work));
  }

  private async end(
    work: DispatchWork,
    status: DeliveryEnded['status'],
    reason: DeliveryEnded['reason'],
  ): Promise<void> {
    const { delivery } = work;
    this.writing++;
    if (
      status !== 'cancelled' &&
      !(await this.ports.tasks.send([encodeDelivery(this.settings.topics.deadLetter, delivery)]))
    )
      return;
    const { deliveryId, tenant, endpointId, epoch, attempt } = delivery.task;
    deliverySettled(this.logger, { tenant, deliveryId, endpointId, status, reason, attempt });
    this.append(work.partition, endedFact(delivery.task, status, reason, this.ports.now()), () => {
      this.noteFinished(deliveryId, epoch, attempt, Number.MAX_SAFE_INTEGER);
      this.written(work);
    });
  }

  private written(work: DispatchWork): void {
    this.writing--;
    this.finish(work);
    if (this.idle) this.whenIdle();
  }

  private append(partition: number, fact: DeliveryFact, acknowledged: () => void): void {
    if (this.unacknowledged++ === 0) this.heardAt = this.ports.ticks();
    this.ports.log.append(partition, fact, () => {
      this.unacknowledged--;
      this.heardAt = this.ports.ticks();
      acknowledged();
    });
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
