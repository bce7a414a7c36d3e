import type { RecoveryOrder, RecoveryProgress } from '@millrace/protocol';
import type { StopReason } from './job-control';

/** What the owner of an endpoint does next about one of its recoveries. */
export type BoardStep =
  | { readonly kind: 'start'; readonly order: RecoveryOrder; readonly progress: RecoveryProgress | null }
  | { readonly kind: 'stop'; readonly recoveryId: string; readonly reason: StopReason }
  /** Nothing has to run for it; the progress is told as it stands here. */
  | { readonly kind: 'tell'; readonly progress: RecoveryProgress };

export interface BoardView {
  readonly running: ReadonlySet<string>;
  /** Recoveries that may not start yet. */
  readonly resting: ReadonlySet<string>;
  /** Jobs at one time, of those that send and of those that only count. */
  readonly slots: { readonly sending: number; readonly dryRuns: number };
  owns(endpointId: string): boolean;
  /** Unix ms. */
  readonly now: number;
}

const TERMINAL: ReadonlySet<string> = new Set(['done', 'cancelled', 'failed']);
export const isTerminal = (progress: RecoveryProgress): boolean => TERMINAL.has(progress.state);

const NOTHING_YET = { examined: 0, qualified: 0, sent: 0 };

/**
 * Orders and progress as the two topics tell them, and pure decisions upon them. Jobs of one endpoint run one after the
 * other, oldest first; one that is paused lets the next go, and a dry run waits for dry runs only, since it sends nothing.
 */
export class RecoveryBoard {
  private readonly orders = new Map<string, RecoveryOrder>();
  private readonly progress = new Map<string, RecoveryProgress>();
  /** Ended, while the topic's last record says otherwise. */
  private readonly hidden = new Set<string>();

  putOrder(order: RecoveryOrder): void {
    const held = this.orders.get(order.recoveryId);
    if (held === undefined || held.version <= order.version) this.orders.set(order.recoveryId, order);
  }

  /** The topic no longer holds the recovery. */
  forget(recoveryId: string): void {
    this.orders.delete(recoveryId);
    this.progress.delete(recoveryId);
    this.hidden.delete(recoveryId);
  }

  /**
   * An end is final. A later record without one comes from an owner that did not know yet that it was none any more, and since
   * the topic is compacted, it would hide the end: the owner tells the end again.
   */
  putProgress(progress: RecoveryProgress): void {
    const { recoveryId } = progress;
    if (isTerminal(progress)) {
      this.hidden.delete(recoveryId);
      this.progress.set(recoveryId, { ...progress, cursor: null });
    } else if (this.hasEnded(recoveryId)) this.hidden.add(recoveryId);
    else this.progress.set(recoveryId, progress);
  }

  order(recoveryId: string): RecoveryOrder | undefined {
    return this.orders.get(recoveryId);
  }

  /** Steps that bring what runs in line with what is wanted. Stops come first: they make room. */
  steps(view: BoardView): BoardStep[] {
    const stops: BoardStep[] = [];
    const tells: BoardStep[] = [];
    const ready: RecoveryOrder[] = [];
    for (const recoveryId of view.running) {
      const reason = this.reasonToStop(recoveryId, view);
      if (reason !== null) stops.push({ kind: 'stop', recoveryId, reason });
    }
    for (const order of this.orders.values()) {
      if (view.running.has(order.recoveryId) || !view.owns(order.endpointId)) continue;
      const told = this.toTell(order, view.now);
      if (told !== null) tells.push({ kind: 'tell', progress: told });
      else if (order.wanted === 'run' && !this.hasEnded(order.recoveryId)) ready.push(order);
    }
    return [...stops, ...tells, ...this.starts(ready, view)];
  }

  private hasEnded(recoveryId: string): boolean {
    const progress = this.progress.get(recoveryId);
    return progress !== undefined && isTerminal(progress);
  }

  private reasonToStop(recoveryId: string, view: BoardView): StopReason | null {
    const order = this.orders.get(recoveryId);
    if (order === undefined) return 'lost';
    if (!view.owns(order.endpointId) || this.hasEnded(recoveryId)) return 'lost';
    return order.wanted === 'run' ? null : order.wanted;
  }

  /** What a change of the order comes to while no job runs for it. */
  private toTell(order: RecoveryOrder, now: number): RecoveryProgress | null {
    const held = this.progress.get(order.recoveryId);
    const state = this.stateWithoutJob(order, held);
    if (state === null) return null;
    if (held?.state === state && held.version >= order.version && !this.hidden.has(order.recoveryId)) return null;
    return {
      v: 1,
      recoveryId: order.recoveryId,
      tenant: order.tenant,
      endpointId: order.endpointId,
      version: Math.max(order.version, held?.version ?? 0),
      state,
      counts: held?.counts ?? NOTHING_YET,
      cursor: state === 'paused' ? (held?.cursor ?? null) : null,
      error: held?.error ?? null,
      at: now,
    };
  }

  private stateWithoutJob(order: RecoveryOrder, held: RecoveryProgress | undefined): RecoveryProgress['state'] | null {
    if (held !== undefined && isTerminal(held)) return held.state;
    if (order.wanted === 'cancel') return 'cancelled';
    return order.wanted === 'pause' ? 'paused' : null;
  }

  private starts(ready: RecoveryOrder[], view: BoardView): BoardStep[] {
    const running = [...view.running].flatMap((id) => this.orders.get(id) ?? []);
    const busy = new Set(running.map(laneOf));
    const free = (dryRun: boolean): number =>
      (dryRun ? view.slots.dryRuns : view.slots.sending) - running.filter((order) => order.dryRun === dryRun).length;
    const slots = { sending: free(false), dryRuns: free(true) };
    const held = new Map<string, number>();
    const take = ({ tenant, dryRun }: RecoveryOrder): void => {
      if (!dryRun) held.set(tenant, (held.get(tenant) ?? 0) + 1);
    };
    running.forEach(take);
    const steps: BoardStep[] = [];
    for (const order of ready.sort(olderFirst)) {
      const kind = order.dryRun ? 'dryRuns' : 'sending';
      if (busy.has(laneOf(order))) continue;
      busy.add(laneOf(order));
      const hasItsShare = !order.dryRun && (held.get(order.tenant) ?? 0) >= shareOf(view.slots.sending);
      if (slots[kind] <= 0 || hasItsShare || view.resting.has(order.recoveryId)) continue;
      slots[kind]--;
      take(order);
      steps.push({ kind: 'start', order, progress: this.progress.get(order.recoveryId) ?? null });
    }
    return steps;
  }
}

const laneOf = (order: RecoveryOrder): string => `${order.endpointId}${order.dryRun ? ' dry' : ''}`;

/** A recovery may take days: by its rate, or until its endpoint is enabled. Those of one tenant leave half of the places free. */
const shareOf = (slots: number): number => Math.max(1, Math.ceil(slots / 2));

const olderFirst = (one: RecoveryOrder, other: RecoveryOrder): number =>
  one.createdAt - other.createdAt || (one.recoveryId < other.recoveryId ? -1 : 1);
