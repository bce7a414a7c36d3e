import type { RetryTierName } from '@millrace/domain';
import { encodeCommand } from '@millrace/protocol';
import type { Account } from '../src/reconciliation';
import { PaperDelivery, type PaperSite, T0, tierDelay, topics } from './paper-site';

/** What became of a delivery, as the one who made it up knows. */
export interface Fate {
  readonly delivery: PaperDelivery;
  account: Account;
  epoch: number;
  /** Of the last record of `deliveries` that was taken up. */
  offset: number;
  /** Attempts of the last epoch that were begun. */
  begun: number;
  /** An attempt was begun twice, or left without an answer. */
  crashed: boolean;
}

/** The record of the next attempt: what it has still to wait, and where it lies. */
interface Planned {
  readonly left: number;
  readonly inTier: boolean;
  readonly offset: number;
}

type Step = Generator<void, void, void>;

const TIERS: readonly RetryTierName[] = ['24h', '2h', '30m', '5m', '30s', '5s', '1s'];
const MOST_ATTEMPTS = 4;

/**
 * The engine as its documents describe it, on paper: deliveries are created, sent, parked, retried, cancelled and taken up
 * again, in a random order and with crashes at every place where the engine may have one. Each step writes one thing.
 */
export class EngineOnPaper {
  readonly fates: Fate[] = [];
  private readonly parked = new Map<string, Set<number>>();
  /** Bits that are to be taken away and still stand. */
  private owed = 0;

  constructor(
    private readonly site: PaperSite,
    private readonly random: () => number,
  ) {}

  /** Lets this many deliveries live, one step of one after a step of another, until each rests somewhere. */
  run(deliveries: number): void {
    const running: Step[] = [];
    let made = 0;
    while (made < deliveries || running.length > 0) {
      if (made < deliveries && (running.length === 0 || this.random() < 0.1)) {
        const delivery = new PaperDelivery(`e${made++}`, this.chance(0.5) ? 'ep_a' : 'ep_b');
        const fate: Fate = { delivery, account: 'pending', epoch: 0, offset: -1, begun: 0, crashed: false };
        this.fates.push(fate);
        running.push(this.live(fate));
      }
      const at = Math.floor(this.random() * running.length);
      if (running[at]!.next().done) running.splice(at, 1);
      if (this.chance(0.05)) this.checkpoint();
    }
    this.checkpoint();
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private checkpoint(): void {
    if (this.owed === 0) this.site.checkpoint();
  }

  /** Fan-out: the record and the fact go out together, in any order; a crash repeats both. */
  private *live(fate: Fate): Step {
    const { site } = this;
    const { delivery } = fate;
    const first = this.chance(0.5);
    if (first) site.log(delivery.created());
    if (first) yield;
    let offset = site.task(delivery.task(1));
    yield;
    if (!first) site.log(delivery.created());
    yield;
    if (this.chance(0.1)) {
      const second = site.task(delivery.task(1));
      if (this.chance(0.5)) offset = second;
      yield;
      site.log(delivery.created());
      yield;
    }
    yield* this.take(fate, 1, offset);
  }

  /** A record of the attempt has come to its owner. */
  private *take(fate: Fate, attempt: number, offset: number): Step {
    const { site } = this;
    const { delivery, epoch } = fate;
    fate.offset = offset;
    if (this.chance(0.08)) return; // nobody has taken it up yet
    let isParked = false;
    if (this.chance(0.3)) {
      this.park(delivery, offset);
      isParked = true;
      yield;
      if (!this.chance(0.1)) site.log(delivery.parked(attempt, offset, epoch));
      yield;
      if (this.chance(0.3)) {
        fate.account = 'parked';
        return;
      }
      if (this.chance(0.15)) {
        yield* this.endWithout(fate, attempt, isParked, offset);
        return;
      }
    } else if (this.chance(0.05)) {
      yield* this.endWithout(fate, attempt, isParked, offset);
      return;
    }
    yield* this.attempt(fate, attempt, offset, isParked);
  }

  private *attempt(fate: Fate, attempt: number, offset: number, parkedBefore: boolean): Step {
    const { site } = this;
    const { delivery, epoch } = fate;
    let isParked = parkedBefore;
    fate.begun = Math.max(fate.begun, attempt);
    site.log(delivery.started(attempt, offset, epoch));
    yield;
    if (this.chance(0.05)) return; // still in flight
    const last = attempt === MOST_ATTEMPTS;
    while (this.chance(0.15)) {
      // The owner dies: with or without having written the next task. The next owner begins the attempt again.
      fate.crashed = true;
      if (!last && this.chance(0.5)) {
        this.plan(delivery, attempt + 1, epoch);
        yield;
        if (this.chance(0.3)) {
          yield* this.overtaken(fate, attempt, offset, isParked);
          return;
        }
      }
      yield;
      if (!isParked && this.chance(0.3)) {
        this.park(delivery, offset);
        isParked = true;
        yield;
        site.log(delivery.parked(attempt, offset, epoch));
        yield;
      }
      site.log(delivery.started(attempt, offset, epoch));
      yield;
    }
    const dice = this.random();
    if (dice < 0.45 || last) {
      const result = dice < 0.3 ? 'succeeded' : dice < 0.4 ? 'expired' : 'failed';
      if (result !== 'succeeded') site.task(delivery.task(attempt, { epoch }), 'dead-letter');
      yield;
      site.log(delivery.finished(attempt, result, epoch));
      fate.account = result;
      if (this.chance(0.3)) yield* this.answerAgain(fate, attempt, offset);
      yield* this.unpark(delivery, offset, isParked);
      if (this.chance(0.15)) yield* this.reopen(fate);
      return;
    }
    if (dice < 0.5) {
      // A cancel came while the request was under way.
      site.log(delivery.finished(attempt, 'retry', epoch), delivery.ended(attempt, 'cancelled', epoch));
      fate.account = 'cancelled';
      yield* this.unpark(delivery, offset, isParked);
      return;
    }
    const next = this.plan(delivery, attempt + 1, epoch);
    yield;
    site.log(delivery.finished(attempt, 'retry', epoch));
    fate.account = 'retrying';
    yield* this.unpark(delivery, offset, isParked);
    const then = this.random();
    if (then < 0.1) {
      this.command(delivery, epoch, attempt);
      yield;
      site.log(delivery.ended(attempt, 'cancelled', epoch));
      fate.account = 'cancelled';
    } else if (then < 0.2) yield* this.reopen(fate);
    else if (then < 0.85) yield* this.wait(fate, attempt + 1, next);
  }

  /** The next attempt comes back and begins while this one is repeated. */
  private *overtaken(fate: Fate, attempt: number, offset: number, isParked: boolean): Step {
    const { site } = this;
    const { delivery, epoch } = fate;
    const next = site.task(delivery.task(attempt + 1, { epoch }));
    yield;
    site.log(delivery.started(attempt + 1, next, epoch));
    yield;
    site.log(delivery.started(attempt, offset, epoch));
    yield;
    this.plan(delivery, attempt + 1, epoch);
    yield;
    site.log(delivery.finished(attempt, 'retry', epoch));
    yield* this.unpark(delivery, offset, isParked);
    fate.offset = next;
    fate.account = 'retrying';
    yield* this.attempt(fate, attempt + 1, next, false);
  }

  /** Another sender of the same attempt, whose partition was taken away, reports as well. */
  private *answerAgain(fate: Fate, attempt: number, offset: number): Step {
    const { delivery, epoch, account } = fate;
    yield;
    fate.crashed = true;
    this.site.log(delivery.started(attempt, offset, epoch));
    yield;
    const result = this.chance(0.5) ? 'succeeded' : 'failed';
    if (result === 'failed') this.site.task(delivery.task(attempt, { epoch }), 'dead-letter');
    this.site.log(delivery.finished(attempt, result, epoch));
    if (result === 'succeeded' || account !== 'succeeded') fate.account = result;
    // The first of two failures that differ stands.
    if (result === 'failed' && account !== 'succeeded') fate.account = account;
    yield;
  }

  /** From tier to tier, and back to the owner; each move may come twice. */
  private *wait(fate: Fate, attempt: number, planned: Planned): Step {
    const { site } = this;
    const { delivery, epoch } = fate;
    let { left, inTier, offset } = planned;
    while (inTier) {
      if (this.chance(0.1)) return; // it still waits
      const tier = TIERS.find((name) => tierDelay(name) <= left)!;
      left -= tierDelay(tier);
      const next = TIERS.find((name) => tierDelay(name) <= left);
      inTier = next !== undefined;
      for (let copies = this.chance(0.1) ? 2 : 1; copies > 0; copies--) {
        const task = delivery.task(attempt, { epoch, remainingDelayMs: left });
        if (next) site.task(task, next);
        else offset = site.task(task);
        yield;
      }
    }
    yield* this.take(fate, attempt, offset);
  }

  private *endWithout(fate: Fate, attempt: number, isParked: boolean, offset: number): Step {
    const { site } = this;
    const { delivery, epoch } = fate;
    if (this.chance(0.5)) {
      site.task(delivery.task(attempt, { epoch }), 'dead-letter');
      yield;
      site.log(delivery.ended(attempt, 'expired', epoch, 'expired'));
      fate.account = 'expired';
    } else {
      site.log(delivery.ended(attempt, 'cancelled', epoch, 'endpoint_deleted'));
      fate.account = 'cancelled';
    }
    yield* this.unpark(delivery, offset, isParked);
  }

  /** A command takes it up again; a crash may repeat the record, and the first attempt may begin before the fact. */
  private *reopen(fate: Fate): Step {
    const { site } = this;
    const { delivery } = fate;
    this.command(delivery, fate.epoch, fate.begun);
    yield;
    fate.epoch++;
    fate.begun = 0;
    const { epoch } = fate;
    const offset = site.task(delivery.task(1, { epoch }));
    yield;
    if (this.chance(0.2)) {
      site.task(delivery.task(1, { epoch }));
      yield;
    }
    site.log(delivery.reopened(epoch));
    fate.account = 'pending';
    yield;
    if (epoch < 3) yield* this.take(fate, 1, offset);
    else fate.offset = offset;
  }

  /** Writes the record of the next attempt: into the tier of its first hop, or straight back when it waits less than any. */
  private plan(delivery: PaperDelivery, attempt: number, epoch: number): Planned {
    const left = Math.floor(10 ** (2 + this.random() * 6));
    const tier = TIERS.find((name) => tierDelay(name) <= left);
    const offset = this.site.task(delivery.task(attempt, { epoch, remainingDelayMs: left }), tier ?? 'deliveries');
    return { left, inTier: tier !== undefined, offset };
  }

  private command({ id, endpointId }: PaperDelivery, expectedEpoch: number, attempt: number): void {
    const command = { v: 1, kind: 'cancel', commandId: `cmd-${id}-${expectedEpoch}`, by: 'key_1', at: T0 } as const;
    const subject = { tenant: 'default', endpointId, deliveryId: id, expectedEpoch, attempt, recordOffset: null };
    this.site.write(encodeCommand(topics.deliveries, 0, { ...command, ...subject }));
  }

  private park({ endpointId }: PaperDelivery, offset: number): void {
    const offsets = this.parked.get(endpointId) ?? new Set();
    this.parked.set(endpointId, offsets.add(offset));
    this.site.bits(
      endpointId,
      [...offsets].filter((each) => each >> 10 === offset >> 10),
    );
  }

  /** The bit goes after the fact that it is not needed any more. */
  private *unpark({ endpointId }: PaperDelivery, offset: number, isParked: boolean): Step {
    if (!isParked) {
      yield;
      return;
    }
    this.owed++;
    yield;
    const offsets = this.parked.get(endpointId)!;
    offsets.delete(offset);
    this.site.bits(
      endpointId,
      [...offsets].filter((each) => each >> 10 === offset >> 10),
      [offset - (offset % 1024)],
    );
    this.owed--;
    yield;
  }
}
