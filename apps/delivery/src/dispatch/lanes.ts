/**
 * Who may send now. Each endpoint has a lane with a cap on requests in flight and a bounded queue; all lanes together have
 * a cap. Pure bookkeeping, no I/O: the dispatcher asks and carries out.
 */
export interface LaneLimits {
  /** Requests in flight of one endpoint. */
  readonly perEndpoint: number;
  /** Work waiting in one lane; more is turned away, so that one slow receiver cannot hold a partition. */
  readonly queuePerEndpoint: number;
  /** Requests in flight of the whole process. */
  readonly total: number;
}

interface Lane<T> {
  inFlight: number;
  readonly queue: T[];
  head: number;
  /** In the ring of lanes that could start something. */
  ready: boolean;
}

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

  /** False when the lane is full. */
  offer(endpointId: string, work: T): boolean {
    const lane = this.lane(endpointId);
    if (lane.queue.length - lane.head >= this.limits.queuePerEndpoint) return false;
    lane.queue.push(work);
    this.waiting++;
    this.markReady(endpointId, lane);
    return true;
  }

  /** Takes the next work that may start, lane by lane in turn; undefined when nothing may. */
  next(): T | undefined {
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
      lane.inFlight++;
      this.total++;
      this.waiting--;
      this.markReady(id, lane);
      return work;
    }
    return undefined;
  }

  /** Gives back the place of a request that has ended. */
  release(endpointId: string): void {
    const lane = this.lanes.get(endpointId)!;
    lane.inFlight--;
    this.total--;
    if (lane.inFlight === 0 && lane.head >= lane.queue.length && !lane.ready) this.lanes.delete(endpointId);
    else this.markReady(endpointId, lane);
  }

  private lane(endpointId: string): Lane<T> {
    let lane = this.lanes.get(endpointId);
    if (!lane) {
      lane = { inFlight: 0, queue: [], head: 0, ready: false };
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
