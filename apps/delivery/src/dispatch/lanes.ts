import type { Permit } from '@millrace/domain';
import { WaitingHeap } from '../retry/waiting-heap';

/**
 * Who may send now. Each endpoint has a lane with a cap on requests in flight, which grows while its receiver keeps up and
 * shrinks when it does not, and a queue that is bounded by the time its last place would wait. Each tenant and all lanes together
 * have caps in requests and in bytes. Pure bookkeeping, no I/O: the dispatcher asks and carries out.
 */
export interface LaneLimits {
  /** Requests in flight of one endpoint at most. */
  readonly perEndpoint: number;
  /** Requests in flight of an endpoint that nothing is known of yet. */
  readonly initial: number;
  /** Work waiting in one lane, whatever its pace. */
  readonly queuePerEndpoint: number;
  /** Work that may wait in a lane before its pace is looked at, so that a slow start turns nothing away. */
  readonly queueAtAnyPace: number;
  /** Ms that new work may expect to wait at the pace of its lane; a slower lane turns it away. */
  readonly longestWaitMs: number;
  /** Requests in flight of one tenant. */
  readonly perTenant: number;
  /** Requests in flight of the whole process. */
  readonly total: number;
  /** Bytes of all bodies in flight; one request goes out whatever its size. */
  readonly totalBytes: number;
}

export interface LaneWork {
  readonly endpointId: string;
  readonly tenant: string;
  readonly bytes: number;
}

/** Asked before every request. */
export interface Pacer {
  take(now: number): Permit;
}

/** What the end of a request says of its receiver's pace. */
export type LaneSignal = 'kept_up' | 'overloaded' | 'none';

interface Lane<T> {
  inFlight: number;
  /** Grows by one with each request that the receiver kept up with while it used them all, is halved by one that it did not. */
  limit: number;
  /** Since it was last idle it has had as many in flight as it may. */
  usedAll: boolean;
  /** From the endpoint's health, while it comes back; null when there is none. */
  ramp: number | null;
  readonly queue: T[];
  head: number;
  /** In the ring of lanes that could start something. */
  ready: boolean;
  /** Ms that its receiver takes for a request, smoothed; 0 before the first. */
  duration: number;
  /** Ms on the caller's clock of the last end, or of the start that ended idleness. */
  progressAt: number;
  /** Ms on the caller's clock of its first work. */
  bornAt: number;
  /** Nothing starts before this. */
  sleepsUntil: number;
  /** Number of its entry among those that sleep; 0 when it is awake. */
  rest: number;
  pacer: Pacer | null;
}

/** Weight of the newest duration in the smoothed one. */
const NEWEST = 0.1;

export class Lanes<T extends LaneWork> {
  private readonly lanes = new Map<string, Lane<T>>();
  /** Lanes with something queued and room under their cap, served in turn. */
  private ring: string[] = [];
  private ringHead = 0;
  /** Lanes that wait for their tenant. */
  private readonly heldByTenant = new Map<string, string[]>();
  /** When those that sleep are to be looked at; a rest that was lengthened meanwhile is laid in anew then. */
  private readonly wakes = new WaitingHeap<{ wakeAt: number; readonly order: number; readonly id: string }>();
  private restCount = 0;
  private readonly inFlightOf = new Map<string, number>();
  private total = 0;
  private bytes = 0;
  private waiting = 0;

  constructor(private readonly limits: LaneLimits) {}

  get inFlight(): number {
    return this.total;
  }

  get queued(): number {
    return this.waiting;
  }

  /** Queued and in flight. */
  loadOf(endpointId: string): number {
    const lane = this.lanes.get(endpointId);
    return lane ? lane.inFlight + lane.queue.length - lane.head : 0;
  }

  /** Requests in flight that the lane may have now. */
  limitOf(endpointId: string): number {
    const lane = this.lanes.get(endpointId);
    return lane ? capOf(lane) : this.limits.initial;
  }

  /**
   * False when the lane is full: a slow receiver may not hold a partition. A busy but quick lane takes more, and the
   * partition's own window holds the rest back. `now` in ms, never going back.
   */
  offer(work: T, now: number): boolean {
    const lane = this.lane(work.endpointId, now);
    const ahead = lane.queue.length - lane.head;
    if (ahead >= this.limits.queuePerEndpoint || this.isTooSlow(lane, ahead, now)) {
      this.tidy(work.endpointId, lane);
      return false;
    }
    this.enqueue(work, now);
    return true;
  }

  /** Takes the work whatever the wait: its caller has looked for room. */
  enqueue(work: T, now: number): void {
    const lane = this.lane(work.endpointId, now);
    lane.queue.push(work);
    this.waiting++;
    this.markReady(work.endpointId, lane);
  }

  /** The endpoint's rate limit, null for none; asked before every request. */
  setPacer(endpointId: string, pacer: Pacer | null, now: number): void {
    const lane = pacer === null ? this.lanes.get(endpointId) : this.lane(endpointId, now);
    if (lane) lane.pacer = pacer;
  }

  /** A cap that holds while an endpoint comes back; null lifts it. */
  setRamp(endpointId: string, ramp: number | null): void {
    const lane = this.lanes.get(endpointId);
    if (!lane || lane.ramp === ramp) return;
    lane.ramp = ramp;
    this.markReady(endpointId, lane);
  }

  /** Nothing of the lane starts before `until`: its receiver asked for a rest. */
  sleep(endpointId: string, until: number, now: number): void {
    const lane = this.lane(endpointId, now);
    this.layToRest(endpointId, lane, Math.max(lane.sleepsUntil, until));
  }

  /** Whatever rest was asked for is over. */
  endRest(endpointId: string, now: number): void {
    const lane = this.lanes.get(endpointId);
    if (lane && lane.sleepsUntil > now) this.layToRest(endpointId, lane, now);
  }

  /** Another process owns the endpoint, or nobody any more: what was learned of it is forgotten. Its requests in flight go on. */
  forget(endpointId: string): void {
    const lane = this.lanes.get(endpointId);
    if (!lane) return;
    lane.pacer = null;
    lane.ramp = null;
    lane.limit = Math.min(this.limits.initial, this.limits.perEndpoint);
    lane.sleepsUntil = 0;
    lane.rest = 0;
    if (lane.inFlight === 0 && lane.head >= lane.queue.length) this.lanes.delete(endpointId);
  }

  rests(endpointId: string, now: number): boolean {
    return (this.lanes.get(endpointId)?.sleepsUntil ?? 0) > now;
  }

  /** When to look for lanes whose rest is over; null when no lane rests. */
  nextWake(): number | null {
    return this.wakes.first?.wakeAt ?? null;
  }

  /**
   * Takes back what was let in at a better pace than the lane has now, the newest first, down to what it can send in time.
   * A wait of up to twice the longest is borne, so that a pace that wavers does not send work to and fro. A lane that rests
   * for longer keeps nothing: whatever it kept would hold its partition for as long. Lanes that have nothing to do are
   * forgotten here, and not with the end of each request, to be made anew with the next.
   */
  overdue(now: number): T[] {
    const taken: T[] = [];
    for (const [id, lane] of this.lanes) {
      const ahead = lane.queue.length - lane.head;
      if (ahead === 0) this.tidy(id, lane);
      if (ahead === 0 || this.expectedWait(lane, ahead, now) <= 2 * this.limits.longestWaitMs) continue;
      if (lane.inFlight < capOf(lane) && lane.pacer === null && lane.sleepsUntil <= now) continue;
      const pace = Math.max(this.pace(lane, now), (lane.sleepsUntil - now) / ahead);
      const rests = lane.sleepsUntil - now > 2 * this.limits.longestWaitMs;
      const kept = rests ? 0 : Math.max(1, Math.floor(this.limits.longestWaitMs / pace));
      taken.push(...lane.queue.splice(lane.head + kept));
    }
    this.waiting -= taken.length;
    return taken;
  }

  /** Takes back all that waits in the lane, in order. */
  drain(endpointId: string): T[] {
    const lane = this.lanes.get(endpointId);
    if (!lane) return [];
    const taken = lane.queue.splice(lane.head);
    this.waiting -= taken.length;
    this.tidy(endpointId, lane);
    return taken;
  }

  /** Takes one that waits out of its lane; false when it does not wait there. */
  remove(work: T): boolean {
    const lane = this.lanes.get(work.endpointId);
    const at = lane?.queue.indexOf(work, lane.head) ?? -1;
    if (!lane || at < 0) return false;
    lane.queue.splice(at, 1);
    this.waiting--;
    return true;
  }

  /** Takes the next work that may start, lane by lane in turn; undefined when nothing may. */
  next(now: number): T | undefined {
    this.wake(now);
    while (this.total < this.limits.total && this.ringHead < this.ring.length) {
      const id = this.ring[this.ringHead++]!;
      if (this.ringHead > 1024 && this.ringHead * 2 > this.ring.length) {
        this.ring = this.ring.slice(this.ringHead);
        this.ringHead = 0;
      }
      const lane = this.lanes.get(id);
      if (!lane) continue;
      lane.ready = false;
      if (lane.head >= lane.queue.length || lane.inFlight >= capOf(lane)) continue;
      const work = lane.queue[lane.head]!;
      if (this.total > 0 && this.bytes + work.bytes > this.limits.totalBytes) {
        this.markReady(id, lane);
        return undefined;
      }
      const ofTenant = this.inFlightOf.get(work.tenant) ?? 0;
      if (ofTenant >= this.limits.perTenant) {
        this.holdForTenant(work.tenant, id);
        continue;
      }
      const rest = this.restOf(lane, now);
      if (rest > 0) {
        this.layToRest(id, lane, now + rest);
        continue;
      }
      this.start(id, lane, work, ofTenant, now);
      return work;
    }
    return undefined;
  }

  /** Gives back the place of a request that has ended; its receiver took `durationMs`. */
  release(work: T, now: number, signal: LaneSignal, durationMs: number): void {
    const { endpointId, tenant, bytes } = work;
    const lane = this.lanes.get(endpointId)!;
    lane.inFlight--;
    this.total--;
    this.bytes -= bytes;
    const ofTenant = this.inFlightOf.get(tenant)! - 1;
    if (ofTenant === 0) this.inFlightOf.delete(tenant);
    else this.inFlightOf.set(tenant, ofTenant);
    // A receiver that was never given more has not shown that it can take more: should it hang, that many are lost to others.
    if (signal === 'kept_up' && lane.usedAll) lane.limit = Math.min(this.limits.perEndpoint, lane.limit + 1);
    else if (signal === 'overloaded') lane.limit = Math.max(1, Math.floor(lane.limit / 2));
    if (lane.inFlight === 0) lane.usedAll = false;
    if (signal !== 'none') {
      lane.duration = lane.duration === 0 ? durationMs : lane.duration * (1 - NEWEST) + durationMs * NEWEST;
      lane.progressAt = now;
    }
    this.markReady(endpointId, lane);
    const held = this.heldByTenant.get(tenant);
    if (held) {
      this.heldByTenant.delete(tenant);
      for (const id of held) {
        const other = this.lanes.get(id);
        if (other) this.markReady(id, other);
      }
    }
  }

  private start(id: string, lane: Lane<T>, work: T, ofTenant: number, now: number): void {
    lane.head++;
    if (lane.head === lane.queue.length || (lane.head > 256 && lane.head * 2 > lane.queue.length)) {
      lane.queue.splice(0, lane.head);
      lane.head = 0;
    }
    if (lane.inFlight === 0) lane.progressAt = now;
    lane.inFlight++;
    if (lane.inFlight >= capOf(lane)) lane.usedAll = true;
    this.total++;
    this.bytes += work.bytes;
    this.inFlightOf.set(work.tenant, ofTenant + 1);
    this.waiting--;
    this.markReady(id, lane);
  }

  /** Ms until the lane may start something, by its rest and its rate. */
  private restOf(lane: Lane<T>, now: number): number {
    if (lane.sleepsUntil > now) return lane.sleepsUntil - now;
    const permit = lane.pacer?.take(now);
    return permit === undefined || permit.ok ? 0 : permit.waitMs;
  }

  private layToRest(id: string, lane: Lane<T>, until: number): void {
    const sooner = until < lane.sleepsUntil;
    lane.sleepsUntil = until;
    if (lane.rest !== 0 && !sooner) return;
    lane.rest = ++this.restCount;
    this.wakes.push({ wakeAt: until, order: lane.rest, id });
  }

  private wake(now: number): void {
    for (let first = this.wakes.first; first && first.wakeAt <= now; first = this.wakes.first) {
      this.wakes.pop();
      const { id, order } = first;
      const lane = this.lanes.get(id);
      if (lane?.rest !== order) continue;
      lane.rest = 0;
      if (lane.sleepsUntil > now) this.layToRest(id, lane, lane.sleepsUntil);
      else this.markReady(id, lane);
    }
  }

  private holdForTenant(tenant: string, id: string): void {
    const held = this.heldByTenant.get(tenant);
    if (held) held.push(id);
    else this.heldByTenant.set(tenant, [id]);
  }

  /**
   * Ms between two ends that its receiver is good for, by the time it takes and by how many it is given at one time; while no
   * end comes, the silence says how slow it is at least: with n requests in flight, n ends were due in it.
   */
  private pace(lane: Lane<T>, now: number): number {
    const silence = lane.inFlight === 0 ? 0 : (now - lane.progressAt) / (lane.inFlight + 1);
    return Math.max(lane.duration / capOf(lane), silence);
  }

  /**
   * A receiver is slow when its lane uses all that it may have and the rest still waits long. When the lane has places left,
   * it is the process that is busy: then turning work away would only add to what it has to do. A lane that has just got
   * something to do shows nothing yet.
   */
  private isTooSlow(lane: Lane<T>, ahead: number, now: number): boolean {
    if (lane.pacer === null && lane.sleepsUntil <= now) {
      if (ahead < this.limits.queueAtAnyPace || lane.inFlight < capOf(lane)) return false;
      if (now - lane.bornAt < this.limits.longestWaitMs) return false;
    }
    return this.expectedWait(lane, ahead, now) > this.limits.longestWaitMs;
  }

  private expectedWait(lane: Lane<T>, ahead: number, now: number): number {
    return Math.max(ahead * this.pace(lane, now), lane.sleepsUntil - now);
  }

  private lane(endpointId: string, now: number): Lane<T> {
    let lane = this.lanes.get(endpointId);
    if (!lane) {
      lane = {
        inFlight: 0,
        limit: Math.min(this.limits.initial, this.limits.perEndpoint),
        usedAll: false,
        ramp: null,
        queue: [],
        head: 0,
        ready: false,
        duration: 0,
        progressAt: now,
        bornAt: now,
        sleepsUntil: 0,
        rest: 0,
        pacer: null,
      };
      this.lanes.set(endpointId, lane);
    }
    return lane;
  }

  /** Forgets a lane that says no more than a new one would. */
  private tidy(id: string, lane: Lane<T>): void {
    if (lane.inFlight > 0 || lane.head < lane.queue.length || lane.ready) return;
    if (lane.ramp !== null || lane.pacer !== null || lane.rest !== 0 || lane.limit < this.limits.initial) return;
    this.lanes.delete(id);
  }

  private markReady(id: string, lane: Lane<T>): void {
    if (lane.ready || lane.head >= lane.queue.length || lane.inFlight >= capOf(lane)) return;
    lane.ready = true;
    this.ring.push(id);
  }
}

const capOf = (lane: { readonly limit: number; readonly ramp: number | null }): number =>
  lane.ramp === null ? lane.limit : Math.min(lane.limit, lane.ramp);
