import { admission, type DeliveryTask, dueTime, type Endpoint } from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import {
  type DeliveryFact,
  decodeCommand,
  decodeDelivery,
  type IncomingMessage,
  type TopicNames,
} from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';
import { ExpirySweep } from '../parking/expiry-sweep';
import { ParkedBits } from '../parking/parked-bits';
import { ParkedRelease } from '../parking/parked-release';
import { rejectUnusableTask } from '../sending/unusable-task';
import { Attempts } from './attempts';
import { CommandHandler } from './command.handler';
import { DisabledHere } from './disabled-here';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import { Drain } from './drain';
import { Ending } from './ending';
import { EndpointStates, type PartitionMemory } from './endpoint-states';
import { FactLog } from './fact-log';
import { HeldKeys } from './held-keys';
import { type LaneLimits, Lanes } from './lanes';
import type { OwnedEndpoint, OwnedPartition } from './owned-endpoint';
import { Parking } from './parking';
import { orderKeyOf, type Route, routeOf } from './route';
import { SeenRecords } from './seen-records';
import { Timers } from './timers';
import { Wanted } from './wanted';
import { WorkInHand } from './work-in-hand';

export interface DispatcherSettings {
  readonly lanes: LaneLimits;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
  readonly topics: TopicNames;
  /** Deliveries remembered for telling repeats. */
  readonly seenCapacity: number;
  /** Retries queued or in flight at one time, so that first attempts find places. */
  readonly retriesAtOnce: number;
  /**
   * Of one endpoint, records that wait behind their key and are remembered one by one; beyond it its backlog waits as a
   * whole. 100,000 unless told.
   */
  readonly mostWaiting?: number;
}

/** After this the directory is asked again. */
const LOOK_AGAIN_MS = 500;
/** Records of a deleted endpoint that are brought back at one time, to be ended. */
const ENDED_AT_ONCE = 200;
/** Records of one endpoint brought back beyond what may be in flight, so that a place never waits for a read. */
const READ_AHEAD = 2;
const MOST_WAITING = 100_000;

/**
 * The life of a delivery task here: it arrives (`accept`), a repeat is recognised, it waits for the rest of its delay, it
 * is routed (its endpoint may be gone, paused, down or full; older ones or one of its key may have to go first), it queues in its
 * endpoint's lane, `attempt-started` is written and acknowledged, the signed request leaves, and what `settle` decides is
 * carried out: first the next task (retry tier, dead letter) is acknowledged, then `attempt-finished`, and only then is the
 * record finished and the lane's place given back.
 *
 * What cannot go now is parked: its record stays where it is in `deliveries`, a bit says so, and the partition moves on. It
 * comes back (`release`) when its endpoint has room, oldest first.
 *
 * So after a crash at any point the record is delivered again, the log tells whether its attempt was finished, and the
 * requests that may repeat are those in flight, which the lanes bound.
 */
export class Dispatcher {
  readonly endpoints: EndpointStates;
  private readonly lanes: Lanes<DispatchWork>;
  private readonly seen: SeenRecords;
  private readonly commands: CommandHandler;
  private readonly release: ParkedRelease;
  private readonly expiry: ExpirySweep;
  private readonly inHand: WorkInHand;
  private readonly wanted: Wanted;
  private readonly parking: Parking;
  private readonly ending: Ending;
  private readonly attempts: Attempts;
  private readonly disabledHere = new DisabledHere();
  private readonly keys: HeldKeys;
  private readonly bits: ParkedBits;
  private readonly timers = new Timers();
  private readonly facts: FactLog;
  private readonly drain: Drain;
  private wakeAt: number | null = null;
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
    this.facts = new FactLog(ports);
    this.drain = new Drain(this.lanes);
    this.seen = new SeenRecords(settings.seenCapacity);
    this.endpoints = new EndpointStates(settings, ports, this.lanes, logger);
    this.release = new ParkedRelease(
      {
        fetch: (partition, offset) => ports.records.fetch(partition, offset),
        room: (endpoint) => this.roomOf(endpoint),
        horizon: (endpoint, { partition }) => this.horizonOf(endpoint, partition),
        mayRetry: (endpoint) => this.inHand.mayRetry(endpoint),
        handOver: (endpoint, partition, message) => this.acceptReleased(endpoint, partition, message),
        gone: (endpoint, partition, offset) => this.recordGone(endpoint, partition, offset),
      },
      logger,
    );
    this.keys = new HeldKeys(ports, this.release);
    this.bits = new ParkedBits(ports.state);
    this.wanted = new Wanted(this.lanes, settings.lanes.total);
    this.inHand = new WorkInHand({
      lanes: this.lanes,
      seen: this.seen,
      endpoints: this.endpoints,
      bits: this.bits,
      wanted: this.wanted,
      release: this.release,
      drain: this.drain,
      retriesAtOnce: settings.retriesAtOnce,
      ticks: ports.ticks,
    });
    const { inHand, keys, bits, facts, drain, seen, endpoints, release } = this;
    this.parking = new Parking({ inHand, keys, bits, facts, drain, now: ports.now }, logger);
    this.ending = new Ending(settings.topics, ports, { inHand, seen, endpoints, keys, release, facts, drain }, logger);
    this.expiry = new ExpirySweep(
      {
        fetch: (partition, offset) => ports.records.fetch(partition, offset),
        partitions: () => this.endpoints.takenOver(),
        expire: (endpoint, partition, message) => this.acceptReleased(endpoint, partition, message),
        now: ports.now,
        ticks: ports.ticks,
      },
      settings.timeScale,
      logger,
    );
    this.commands = new CommandHandler(
      settings,
      ports,
      {
        inHand: this.inHand,
        seen: this.seen,
        ending: this.ending,
        bits: this.bits,
        keys: this.keys,
        facts: this.facts,
        drain: this.drain,
        timers: this.timers,
      },
      logger,
    );
    const { lanes, disabledHere, parking, commands } = this;
    const placeFree = (): void => this.pump();
    this.attempts = new Attempts(
      settings,
      ports,
      {
        ...{ inHand, seen, lanes, endpoints, disabledHere, keys, parking, release, commands, facts, drain },
        placeFree,
      },
      logger,
    );
    metrics.callbackGauge('webhook_inflight', 'Requests in flight.', [], () => this.lanes.inFlight);
    metrics.callbackGauge(
      'webhook_queued',
      "Deliveries that wait in their endpoint's lane.",
      [],
      () => this.lanes.queued,
    );
    metrics.callbackGauge('webhook_parked', 'Deliveries that are parked.', [], () => this.endpoints.parked);
  }

  /** Takes a partition over, with what is on record about it and what of it is still under way here from before. */
  own(memory: PartitionMemory): OwnedPartition {
    this.lose(memory.partition);
    const owner = this.endpoints.own(memory);
    this.inHand.rebindAll(owner);
    return owner;
  }

  /** The partition is another's. Requests under way end and are recorded; what waits is the next owner's. */
  lose(partition: number): void {
    for (const work of this.endpoints.lose(partition)) this.inHand.abandon(work);
  }

  /** What the delivery log tells of before a partition's records come. */
  noteFact(owner: OwnedPartition, fact: DeliveryFact): void {
    if (!owner.current) return;
    const { deliveryId } = fact;
    switch (fact.kind) {
      case 'attempt-started':
        owner.begun.set(deliveryId, fact);
        this.endpoints.noteSequence(owner.endpoint(fact.endpointId), owner, fact);
        break;
      case 'attempt-finished': {
        const ended = fact.result.kind !== 'retry';
        this.seen.note(deliveryId, { epoch: fact.epoch, attempt: fact.attempt, finished: true, ended });
        const begun = owner.begun.get(deliveryId);
        owner.begun.delete(deliveryId);
        // It was parked before, and the crash came before its bit was cleared.
        if (begun) this.bits.clear(owner.endpoint(fact.endpointId), owner, begun.recordOffset);
        break;
      }
      case 'parked':
        // Its bit is written first; another copy of it is a repeat. Without a bit a successor knew better, or it has gone on.
        if (owner.endpoint(fact.endpointId).parked.has(fact.recordOffset))
          this.seen.note(deliveryId, { epoch: fact.epoch, attempt: fact.attempt, finished: false, ended: false });
        break;
      case 'ended':
        this.seen.note(deliveryId, { epoch: fact.epoch, attempt: fact.attempt, finished: true, ended: true });
        if (fact.recordOffset !== null) this.bits.clear(owner.endpoint(fact.endpointId), owner, fact.recordOffset);
        break;
      case 'reopened':
        this.seen.note(deliveryId, { epoch: fact.epoch, attempt: 0, finished: true, ended: false });
        this.commands.noteDone(fact.commandId);
        break;
      case 'command-refused':
        this.commands.noteDone(fact.commandId);
        break;
      default:
        break;
    }
  }

  /** All that the log tells of the partition has been noted: its records may come, and what is parked may go. */
  takenOver(owner: OwnedPartition): void {
    if (!owner.current) return;
    owner.takenOver = true;
    // The crash came between the end of a key's head and the word that the key is free.
    for (const state of owner.endpoints.values())
      for (const { deliveryId } of state.order.heads())
        if (this.seen.of(deliveryId)?.ended) this.keys.freeHead(state, owner, deliveryId);
  }

  get wantsMore(): boolean {
    return this.wanted.more;
  }

  accept(record: ConsumedRecord): void {
    const owner = this.endpoints.partition(record.message.partition);
    if (this.drain.stopping || !owner || !record.current) return;
    const command = decodeCommand(record.message);
    if (command.kind === 'command') {
      this.commands.handle(record, command.command, owner);
      return;
    }
    const delivery = command.kind === 'none' ? decodeDelivery(record.message) : null;
    if (!delivery) {
      void this.quarantine(record);
      return;
    }
    const { task } = delivery;
    if (this.commands.considers(task.deliveryId)) {
      this.timers.after(20, () => this.accept(record));
      return;
    }
    const state = owner.endpoint(task.endpointId);
    const offset = Number(record.message.offset);
    const fence = state.fences.get(task.deliveryId);
    // Parked in a former life, whose commit did not get as far, or overtaken by a command.
    if (state.parked.has(offset) || (fence && task.epoch < fence.lowestEpoch)) {
      this.repeats.inc();
      record.complete();
      return;
    }
    if (!this.seen.take(task.deliveryId, task)) {
      this.repeats.inc();
      const active = this.inHand.sameAs(task);
      if (active) {
        this.inHand.rebind(active, owner);
        active.records.push(record);
      } else record.complete();
      return;
    }
    const work = this.inHand.take(delivery, owner, state, offset, [record], false);
    if (task.remainingDelayMs === 0) this.route(work);
    else this.routeWhenDue(work, dueTime(record.message.timestamp, task), this.ports.ticks() + task.remainingDelayMs);
  }

  /** Never longer than was asked for, by a clock that nobody sets, and never early by the broker's. */
  private routeWhenDue(work: DispatchWork, due: number, latest: number): void {
    const rest = Math.min(due - this.ports.now(), latest - this.ports.ticks());
    if (rest > 0.5) this.timers.after(Math.ceil(rest), () => this.routeWhenDue(work, due, latest));
    else this.route(work);
  }

  /**
   * To be called from time to time. Parks what was queued when its lane seemed quick and would now wait too long: without it
   * a receiver that hangs would hold its partition for as long as its queue takes, one timeout after the other. Looks for
   * parked deliveries that can go or have expired.
   */
  lookAround(): void {
    if (this.drain.stopping) return;
    const now = this.ports.ticks();
    if (!this.facts.isSlow(now)) this.parking.parkAll(this.lanes.overdue(now), 'lane_full');
    this.endpoints.tend();
    this.expiry.sweep();
    for (const owner of this.endpoints.takenOver()) {
      if (owner.backlogged.size === 0) this.ports.records.forget(owner.partition);
      else this.release.pump(owner);
    }
    this.pump();
  }

  /**
   * Begins nothing more and leaves what waits to the next owner. Resolves when the requests under way are recorded, at the
   * latest after `drainMs`.
   */
  async stop(drainMs: number): Promise<void> {
    this.drain.begin();
    this.timers.clear();
    this.release.stop();
    await this.drain.done(drainMs);
  }

  private async quarantine(record: ConsumedRecord): Promise<void> {
    const { topics } = this.settings;
    const rejection = rejectUnusableTask(this.logger, topics, record.message, this.ports.now());
    if (await this.ports.tasks.send([rejection])) record.complete();
  }

  // ---- parked deliveries that come back

  /** How many more records of the endpoint can be used now. */
  private roomOf(state: OwnedEndpoint): number {
    const entry = this.ports.directory.get(state.id);
    const load = this.lanes.loadOf(state.id);
    if (!entry) return ENDED_AT_ONCE - state.parked.claimed + state.order.waiting + state.deferred.count;
    const { endpoint } = entry;
    if (endpoint.status !== 'active' || this.disabledHere.has(endpoint)) return 0;
    this.endpoints.follow(state, endpoint);
    if (state.lockedVersion === endpoint.version || this.lanes.rests(state.id, this.ports.ticks())) return 0;
    // A head that is parked somewhere has to be found, however much waits before it.
    if (this.isFullOfWaiting(state) && state.ready.length === 0 && !state.order.missesHeads) return 0;
    const admitted = admission(state.health, this.ports.now());
    if (admitted.kind === 'wait') return 0;
    if (admitted.kind === 'probe') return load === 0 ? 1 : 0;
    const wanted = this.lanes.limitOf(state.id) * READ_AHEAD;
    // Several at a time: looking for each by itself would cost more than sending it.
    return load * 2 > wanted ? 0 : wanted - load;
  }

  /** Where order is kept, what is parked waits until every record before it has been handed out. */
  private horizonOf(state: OwnedEndpoint, partition: number): number {
    const ordering = this.ports.directory.get(state.id)?.endpoint.ordering ?? 'none';
    return ordering === 'none' ? Number.POSITIVE_INFINITY : (this.ports.position(partition) ?? 0);
  }

  private isFullOfWaiting(state: OwnedEndpoint): boolean {
    return state.order.waiting >= (this.settings.mostWaiting ?? MOST_WAITING);
  }

  private acceptReleased(state: OwnedEndpoint, owner: OwnedPartition, message: IncomingMessage): void {
    const delivery = decodeDelivery(message);
    const offset = Number(message.offset);
    const active = delivery ? this.inHand.sameAs(delivery.task) : undefined;
    if (active?.offset === offset) {
      // Under way; or still being written down as parked, then it comes back when it is, and before what follows in its key.
      active.recalled = true;
      const key = active.step === 'leaving' && active.key === null ? this.keys.keyOf(active) : null;
      if (key !== null) state.order.expect(key, active.delivery.task.deliveryId, offset);
      return;
    }
    if (!delivery || active || this.seen.hasFinished(delivery.task.deliveryId, delivery.task)) {
      this.repeats.inc();
      this.bits.discard(state, owner, offset);
      return;
    }
    const { task } = delivery;
    const fence = state.fences.get(task.deliveryId);
    if (fence && task.epoch < fence.lowestEpoch) {
      this.bits.discard(state, owner, offset);
      return;
    }
    this.seen.take(task.deliveryId, task);
    this.route(this.inHand.take(delivery, owner, state, offset, [], true));
  }

  private recordGone(state: OwnedEndpoint, owner: OwnedPartition, offset: number): void {
    this.logger.error(
      { endpointId: state.id, partition: owner.partition, offset },
      'a parked record is no longer kept by the topic: its retention is shorter than its wait',
    );
    this.bits.discard(state, owner, offset);
  }

  // ---- the way to the lane

  private route(work: DispatchWork): void {
    // A command may have ended it while it waited.
    if (this.drain.stopping || work.step !== 'waiting' || this.inHand.abandoned(work)) return;
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
        if (this.drain.stopping || work.step !== 'waiting' || this.inHand.abandoned(work)) return;
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
        if (!this.drain.stopping) this.timers.after(LOOK_AGAIN_MS, () => this.route(work));
      },
    );
  }

  private decide(task: DeliveryTask, endpoint: Endpoint): Route {
    return routeOf(task, endpoint, this.disabledHere.has(endpoint), this.ports.now());
  }

  private follow(work: DispatchWork, route: Route): void {
    switch (route.kind) {
      case 'send':
        this.admit(work, route.endpoint);
        break;
      case 'park':
        this.parking.park(work, route.reason, null);
        break;
      case 'end':
        void this.ending.end(work, route.status, route.reason, null);
        break;
    }
  }

  /** Into the lane, when nothing has to go first and the endpoint takes deliveries now. */
  private admit(work: DispatchWork, endpoint: Endpoint): void {
    const { state } = work;
    const { task } = work.delivery;
    this.endpoints.follow(state, endpoint);
    if (task.trigger.kind !== 'test') {
      const key = orderKeyOf(task, endpoint);
      const isHead = key !== null && state.order.headOf(key) === task.deliveryId;
      const admitted = admission(state.health, this.ports.now());
      if (!work.parked && state.blocked && !isHead) {
        this.parking.park(work, admitted.kind === 'send' ? 'backlog' : 'endpoint_down', null);
        return;
      }
      if (admitted.kind === 'wait') {
        this.parking.park(work, 'endpoint_down', null);
        return;
      }
      if (key !== null) {
        const turn = state.order.admit(key, task.deliveryId, work.offset);
        if (turn.kind === 'behind') {
          // Beyond what is remembered one by one, what comes is parked as it is, and what follows behind it.
          const asItIs = !work.parked && this.isFullOfWaiting(state);
          this.parking.park(work, 'behind_key', turn.deliveryId, asItIs ? null : key);
          return;
        }
        work.key = key;
      } else if (task.attempt > 1 && admitted.kind === 'send' && !this.inHand.mayRetry(state)) {
        this.parking.park(work, 'retry_budget', null);
        return;
      }
      if (admitted.kind === 'probe') this.endpoints.beginProbe(work);
      else this.lanes.setRamp(state.id, admitted.limit);
    }
    const now = this.ports.ticks();
    if (work.parked) this.lanes.enqueue(work, now);
    else if (!this.lanes.offer(work, now)) {
      this.parking.park(work, 'lane_full', null);
      return;
    }
    this.inHand.noteQueued(work);
    this.pump();
  }

  private pump(): void {
    if (this.drain.stopping) return;
    const now = this.ports.ticks();
    for (let ready = this.lanes.next(now); ready; ready = this.lanes.next(now)) this.begin(ready);
    const wakeAt = this.lanes.nextWake();
    if (wakeAt !== null && (this.wakeAt === null || wakeAt < this.wakeAt || this.wakeAt <= now)) {
      this.wakeAt = wakeAt;
      this.timers.after(Math.max(1, Math.ceil(wakeAt - now)), () => this.pump());
    }
  }

  /** The endpoint may have changed while the work was queued: then it goes another way, and its place is free. */
  private begin(work: DispatchWork): void {
    const { state } = work;
    const entry = this.ports.directory.get(work.endpointId);
    const route = entry ? this.decide(work.delivery.task, entry.endpoint) : null;
    if (route?.kind !== 'send' || this.inHand.abandoned(work)) {
      this.inHand.giveUpPlace(work);
      if (route === null) this.route(work);
      else if (route.kind !== 'send' && !this.inHand.abandoned(work)) this.follow(work, route);
      return;
    }
    const { endpoint, contract } = route;
    if (!this.attempts.canSign(endpoint)) {
      state.lockedVersion = endpoint.version;
      this.inHand.giveUpPlace(work);
      this.parking.park(work, 'no_secret', null);
      return;
    }
    this.attempts.begin(work, endpoint, contract);
  }
}
