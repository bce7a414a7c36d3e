import { admission, type DeliveryTask, type Endpoint } from '@millrace/domain';
import type { Logger } from '@millrace/telemetry';
import type { Attempts } from './attempts';
import type { DisabledHere } from './disabled-here';
import type { DispatchPorts, DispatchWork } from './dispatch.ports';
import type { Drain } from './drain';
import type { Ending } from './ending';
import type { EndpointStates } from './endpoint-states';
import type { Lanes } from './lanes';
import type { Parking } from './parking';
import { hindranceOf, orderKeyOf, type Route, routeOf } from './route';
import type { Timers } from './timers';
import type { WorkInHand } from './work-in-hand';

export interface RoutingParts {
  readonly inHand: WorkInHand;
  readonly lanes: Lanes<DispatchWork>;
  readonly endpoints: EndpointStates;
  readonly disabledHere: DisabledHere;
  readonly parking: Parking;
  readonly ending: Ending;
  readonly attempts: Attempts;
  readonly timers: Timers;
  readonly drain: Drain;
}

/** After this the directory is asked again. */
const LOOK_AGAIN_MS = 500;

/**
 * Where a delivery that is due goes as its endpoint stands, asked when it comes and again when its turn in the lane comes: into
 * the lane, out to the receiver, into parked storage or to its end.
 */
export class Routing {
  private wakeAt: number | null = null;

  /** @param mostWaiting of one endpoint, records that wait behind their key and are remembered one by one */
  constructor(
    private readonly mostWaiting: number,
    private readonly ports: Pick<DispatchPorts, 'directory' | 'now' | 'ticks'>,
    private readonly parts: RoutingParts,
    private readonly logger: Logger,
  ) {}

  route(work: DispatchWork): void {
    // A command may have ended it while it waited.
    if (this.parts.drain.stopping || work.step !== 'waiting' || this.parts.inHand.abandoned(work)) return;
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
        if (this.parts.drain.stopping || work.step !== 'waiting' || this.parts.inHand.abandoned(work)) return;
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
        if (!this.parts.drain.stopping) this.parts.timers.after(LOOK_AGAIN_MS, () => this.route(work));
      },
    );
  }

  /** Begins whatever may begin now, lane by lane in turn, and sees to it that what rests is looked at when its rest is over. */
  pump(): void {
    if (this.parts.drain.stopping) return;
    const { lanes } = this.parts;
    const now = this.ports.ticks();
    for (let ready = lanes.next(now); ready; ready = lanes.next(now)) this.begin(ready);
    const wakeAt = lanes.nextWake();
    if (wakeAt !== null && (this.wakeAt === null || wakeAt < this.wakeAt || this.wakeAt <= now)) {
      this.wakeAt = wakeAt;
      this.parts.timers.after(Math.max(1, Math.ceil(wakeAt - now)), () => this.pump());
    }
  }

  private decide(task: DeliveryTask, endpoint: Endpoint): Route {
    return routeOf(task, endpoint, this.parts.disabledHere.has(endpoint), this.ports.now());
  }

  private follow(work: DispatchWork, route: Route): void {
    switch (route.kind) {
      case 'send':
        this.admit(work, route.endpoint);
        break;
      case 'park':
        this.parts.parking.park(work, route.reason, null);
        break;
      case 'end':
        void this.parts.ending.end(work, route.status, route.reason, null);
        break;
    }
  }

  /** Into the lane, when nothing has to go first and the endpoint takes deliveries now. */
  private admit(work: DispatchWork, endpoint: Endpoint): void {
    const { inHand, lanes, endpoints, parking } = this.parts;
    const { state } = work;
    const { task } = work.delivery;
    endpoints.follow(state, endpoint);
    if (task.trigger.kind !== 'test') {
      const key = orderKeyOf(task, endpoint);
      const isHead = key !== null && state.order.headOf(key) === task.deliveryId;
      const admitted = admission(state.health, this.ports.now());
      const hindrance = hindranceOf(admitted, !work.parked && state.blocked && !isHead);
      if (hindrance !== null) {
        parking.park(work, hindrance, null);
        return;
      }
      if (key !== null) {
        const turn = state.order.admit(key, task.deliveryId, work.offset);
        if (turn.kind === 'behind') {
          // Beyond what is remembered one by one, what comes is parked as it is, and what follows behind it.
          const asItIs = !work.parked && state.order.waiting >= this.mostWaiting;
          parking.park(work, 'behind_key', turn.deliveryId, asItIs ? null : key);
          return;
        }
        work.key = key;
      } else if (task.attempt > 1 && admitted.kind === 'send' && !inHand.mayRetry(state)) {
        parking.park(work, 'retry_budget', null);
        return;
      }
      if (admitted.kind === 'probe') endpoints.beginProbe(work);
      else if (admitted.kind === 'send') lanes.setRamp(state.id, admitted.limit);
    }
    const now = this.ports.ticks();
    if (work.parked) lanes.enqueue(work, now);
    else if (!lanes.offer(work, now)) {
      parking.park(work, 'lane_full', null);
      return;
    }
    inHand.noteQueued(work);
    this.pump();
  }

  /** The endpoint may have changed while the work was queued: then it goes another way, and its place is free. */
  private begin(work: DispatchWork): void {
    const { inHand, parking, attempts } = this.parts;
    const entry = this.ports.directory.get(work.endpointId);
    const route = entry ? this.decide(work.delivery.task, entry.endpoint) : null;
    if (route?.kind !== 'send' || inHand.abandoned(work)) {
      inHand.giveUpPlace(work);
      if (route === null) this.route(work);
      else if (route.kind !== 'send' && !inHand.abandoned(work)) this.follow(work, route);
      return;
    }
    const { endpoint, contract } = route;
    if (!attempts.canSign(endpoint)) {
      work.state.lockedVersion = endpoint.version;
      inHand.giveUpPlace(work);
      parking.park(work, 'no_secret', null);
      return;
    }
    attempts.begin(work, endpoint, contract);
  }
}
