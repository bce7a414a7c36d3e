/**
 * Who may send now. Each endpoint has a lane with a cap on requests in flight and a queue that is bounded by the time its
 * last place would wait; all lanes together have a cap. Pure bookkeeping, no I/O: the dispatcher asks and carries out.
 */
export interface LaneLimits {
  /** Requests in flight of one endpoint. */
  readonly perEndpoint: number;
  /** Work waiting in one lane, whatever its pace. */
  readonly queuePerEndpoint: number;
  /** Ms that new work may expect to wait at the pace of its lane; a slower lane turns it away. */
  readonly longestWaitMs: number;
  /** Requests in flight of the whole process. */
  readonly total: number;
}

interface Lane<T> {
  inFlight: number;
  readonly queue: T[];
  head: number;
  /** In the ring of lanes that could start something. */
  ready: boolean;
  /** Ms between two ends, smoothed; 0 before the first. */
  interval: number;
  /** Ms on the caller's clock of the last end, or of the start that ended idleness. */
  progressAt: number;
}

/** Weight of the newest interval in the smoothed one. */
const NEWEST = 0.1;

export class Lanes<T> {
  private readonly lanes = new Map<string, Lane<T>>();
  /** Lanes with something queued and room under their cap, served in turn. */
  private ring: string[] = [];
  private ringHead = 0;
  private total = 0;
  private waiting = 0;

  constructor(private readonly limits: LaneLimits) {}

  get inFlight(): number {
    return this.total;
  }

  get queued(): number {
    return this.waiting;
  }

  /**
   * False when the lane is full: a slow receiver may not hold a partition. A busy but quick lane takes more, and the
   * partition's own window holds the rest back. `now` in ms, never going back.
   */
  offer(endpointId: string, work: T, now: number): boolean {
    const lane = this.lane(endpointId, now);
    const ahead = lane.queue.length - lane.head;
    if (ahead >= this.limits.queuePerEndpoint || this.expectedWait(lane, ahead, now) > this.limits.longestWaitMs)
      return false;
    lane.queue.push(work);
    this.waiting++;
    this.markReady(endpointId, lane);
    return true;
  }

  /**
   * Takes back what was let in at a better pace than the lane has now, the newest first, down to what it can send in time.
   * A wait of up to twice the longest is borne, so that a pace that wavers does not send work to and fro.
   */
  overdue(now: number): T[] {
    const taken: T[] = [];
    for (const lane of this.lanes.values()) {
      const ahead = lane.queue.length - lane.head;
      if (this.expectedWait(lane, ahead, now) <= 2 * this.limits.longestWaitMs) continue;
      const kept = Math.max(1, Math.floor(this.limits.longestWaitMs / this.pace(lane, now)));
      taken.push(...lane.queue.splice(lane.head + kept));
    }
    this.waiting -= taken.length;
    return taken;
  }

  /** Takes the next work that may start, lane by lane in turn; undefined when nothing may. */
  next(now: number): T | undefined {
    while (this.total < this.limits.total && this.ringHead < this.ring.length) {
      const id = this.ring[this.ringHead++]!;
      if (this.ringHead > 1024 && this.ringHead * 2 > this.ring.length) {
        this.ring = this.ring.slice(this.ringHead);
        this.ringHead = 0;
      }
      const lane = this.lanes.get(id)!;
      lane.ready = false;
      if (lane.head >= lane.queue.length || lane.inFlight >= this.limits.perEndpoint) continue;
      const work = lane.queue[lane.head++]!;
      if (lane.head > 256 && lane.head * 2 > lane.queue.length) {
        lane.queue.splice(0, lane.head);
        lane.head = 0;
      }
      if (lane.inFlight === 0) lane.progressAt = now;
      lane.inFlight++;
      this.total++;
      this.waiting--;
      this.markReady(id, lane);
      return work;
    }
    return undefined;
  }

  /** Gives back the place of a request that has ended. */
  release(endpointId: string, now: number): void {
    const lane = this.lanes.get(endpointId)!;
    lane.inFlight--;
    this.total--;
    lane.interval =
      lane.interval === 0 ? now - lane.progressAt : lane.interval * (1 - NEWEST) + (now - lane.progressAt) * NEWEST;
    lane.progressAt = now;
    if (lane.inFlight === 0 && lane.head >= lane.queue.length && !lane.ready) this.lanes.delete(endpointId);
    else this.markReady(endpointId, lane);
  }

  /**
   * Ms between two ends, by the lane's ends so far; while none comes, the silence says how slow it is at least: with n requests in
   * flight, n ends were due in it.
   */
  private pace(lane: Lane<T>, now: number): number {
    const silence = lane.inFlight === 0 ? 0 : (now - lane.progressAt) / (lane.inFlight + 1);
    return Math.max(lane.interval, silence);
  }

  private expectedWait(lane: Lane<T>, ahead: number, now: number): number {
    return ahead * this.pace(lane, now);
  }

  private lane(endpointId: string, now: number): Lane<T> {
    let lane = this.lanes.get(endpointId);
    if (!lane) {
      lane = { inFlight: 0, queue: [], head: 0, ready: false, interval: 0, progressAt: now };
      this.lanes.set(endpointId, lane);
    }
    return lane;
  }

  private markReady(id: string, lane: Lane<T>): void {
    if (lane.ready || lane.head >= lane.queue.length || lane.inFlight >= this.limits.perEndpoint) return;
    lane.ready = true;
    this.ring.push(id);
  }
}
