import type { ConsumedRecord } from '@millrace/kafka';
import type { DeliveryFact, TopicNames } from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';
import { ExpirySweep } from '../parking/expiry-sweep';
import { ParkedBits } from '../parking/parked-bits';
import { ParkedRelease } from '../parking/parked-release';
import { ReleaseRoom } from '../parking/release-room';
import { Attempts } from './attempts';
import { CommandHandler } from './command.handler';
import { DisabledHere } from './disabled-here';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import { Drain } from './drain';
import { Ending } from './ending';
import { EndpointStates, type PartitionMemory } from './endpoint-states';
import { FactLog } from './fact-log';
import { HeldKeys } from './held-keys';
import { Intake } from './intake';
import { type LaneLimits, Lanes } from './lanes';
import type { OwnedPartition } from './owned-endpoint';
import { Parking } from './parking';
import { Routing } from './routing';
import { SeenRecords } from './seen-records';
import { Takeover } from './takeover';
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

const MOST_WAITING = 100_000;

/**
 * The life of a delivery task here, put together from its parts. It arrives and a repeat is recognised, it waits for the rest of
 * its delay (`Intake`); it is routed (`Routing`), for its endpoint may be gone, paused, down or full, and older ones or one of its
 * key may have to go first; it queues in its endpoint's lane (`Lanes`); when its turn comes, it is tried (`Attempts`). What cannot
 * go now is parked (`Parking`) and comes back when its endpoint has room, oldest first (`ParkedRelease`); what no attempt ends is
 * ended (`Ending`). `WorkInHand` knows at which step each is.
 *
 * So after a crash at any point the record is delivered again, the log tells whether its attempt was finished (`Takeover`), and
 * the requests that may repeat are those in flight, which the lanes bound.
 */
export class Dispatcher {
  readonly endpoints: EndpointStates;
  private readonly lanes: Lanes<DispatchWork>;
  private readonly wanted: Wanted;
  private readonly timers = new Timers();
  private readonly facts: FactLog;
  private readonly drain: Drain;
  private readonly release: ParkedRelease;
  private readonly expiry: ExpirySweep;
  private readonly parking: Parking;
  private readonly routing: Routing;
  private readonly intake: Intake;
  private readonly takeover: Takeover;

  constructor(
    settings: DispatcherSettings,
    private readonly ports: DispatchPorts,
    logger: Logger,
  ) {
    const { topics, timeScale, retriesAtOnce, mostWaiting = MOST_WAITING } = settings;
    const { now, ticks } = ports;
    const { timers } = this;

    const lanes = new Lanes<DispatchWork>(settings.lanes);
    const endpoints = new EndpointStates(settings, ports, lanes, logger);
    const seen = new SeenRecords(settings.seenCapacity);
    const disabledHere = new DisabledHere();
    const wanted = new Wanted(lanes, settings.lanes.total);
    const facts = new FactLog(ports);
    const drain = new Drain(lanes);

    const room = new ReleaseRoom(mostWaiting, ports, { lanes, endpoints, disabledHere });
    const release = new ParkedRelease(
      {
        fetch: (partition, offset) => ports.records.fetch(partition, offset),
        room: (endpoint) => room.of(endpoint),
        horizon: (endpoint, partition) => room.horizon(endpoint, partition),
        mayRetry: (endpoint) => inHand.mayRetry(endpoint),
        handOver: (endpoint, partition, message) => this.intake.takeBack(endpoint, partition, message),
        gone: (endpoint, partition, offset) => this.intake.noteGone(endpoint, partition, offset),
      },
      logger,
    );
    const heldKeys = new HeldKeys(ports, release);
    const bits = new ParkedBits(ports.state);
    const parts = { lanes, endpoints, seen, heldKeys, bits, facts, drain, release, timers };
    const inHand = new WorkInHand({ ...parts, wanted, retriesAtOnce, ticks });
    const parking = new Parking({ ...parts, inHand, now }, logger);
    const ending = new Ending(topics, ports, { ...parts, inHand }, logger);
    const commands = new CommandHandler(settings, ports, { ...parts, inHand, ending }, logger);
    const placeFree = (): void => this.routing.pump();
    const attempts = new Attempts(
      settings,
      ports,
      { ...parts, inHand, disabledHere, parking, commands, placeFree },
      logger,
    );

    this.endpoints = endpoints;
    this.lanes = lanes;
    this.wanted = wanted;
    this.facts = facts;
    this.drain = drain;
    this.release = release;
    this.parking = parking;
    this.routing = new Routing(
      mostWaiting,
      ports,
      { ...parts, inHand, disabledHere, parking, ending, attempts },
      logger,
    );
    this.intake = new Intake(topics, ports, { ...parts, inHand, commands, routing: this.routing }, logger);
    this.takeover = new Takeover({ ...parts, inHand, commands });
    this.expiry = new ExpirySweep(
      {
        fetch: (partition, offset) => ports.records.fetch(partition, offset),
        partitions: () => endpoints.takenOver(),
        expire: (endpoint, partition, message) => this.intake.takeBack(endpoint, partition, message),
        now,
        ticks,
      },
      timeScale,
      logger,
    );
    metrics.callbackGauge('webhook_inflight', 'Requests in flight.', [], () => lanes.inFlight);
    metrics.callbackGauge('webhook_queued', "Deliveries that wait in their endpoint's lane.", [], () => lanes.queued);
    metrics.callbackGauge('webhook_parked', 'Deliveries that are parked.', [], () => endpoints.parked);
  }

  /** Takes a partition over, with what is on record about it and what of it is still under way here from before. */
  own(memory: PartitionMemory): OwnedPartition {
    return this.takeover.own(memory);
  }

  /** The partition is another's. Requests under way end and are recorded; what waits is the next owner's. */
  lose(partition: number): void {
    this.takeover.lose(partition);
  }

  /** What the delivery log tells of before a partition's records come. */
  noteFact(owner: OwnedPartition, fact: DeliveryFact): void {
    this.takeover.noteFact(owner, fact);
  }

  /** All that the log tells of the partition has been noted: its records may come, and what is parked may go. */
  takenOver(owner: OwnedPartition): void {
    this.takeover.takenOver(owner);
  }

  /** False while more of the log would only be memory. */
  get wantsMore(): boolean {
    return this.wanted.more;
  }

  accept(record: ConsumedRecord): void {
    this.intake.accept(record);
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
    this.routing.pump();
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
}
