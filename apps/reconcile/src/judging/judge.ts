import { awaitedOf } from '../ledger/awaited-step';
import { endOf, FLAG, isTerminal, PLACE, STEP } from '../ledger/delivery-rows';
import type { Ledger } from '../ledger/ledger';
import { attemptOf, epochOf, positionOf } from '../ledger/position';
import { SIBLINGS_MS } from '../ledger/siblings';
import { type FindingKind, isUnplaced } from '../reconciliation';
import type { Complaint, JudgeOptions, Pointer, Standing, Verdict } from './verdict';

/** Pure: where one delivery stands, and what of it does not add up. */
export const judge = (ledger: Ledger, row: number, options: JudgeOptions): Verdict =>
  new Judging(ledger, row, options).verdict();

class Judging {
  private readonly complaints: Complaint[] = [];
  private overdueSince: number | null = null;
  private readonly columns;
  private readonly step: number;
  private readonly flags: number;
  private readonly position: number;
  private readonly awaited: number;

  constructor(
    private readonly ledger: Ledger,
    private readonly row: number,
    private readonly options: JudgeOptions,
  ) {
    this.columns = ledger.rows.columns;
    this.step = this.columns.step[row]!;
    this.flags = this.columns.flags[row]!;
    this.position = this.columns.position[row]!;
    this.awaited = awaitedOf(ledger, row);
  }

  verdict(): Verdict {
    const created = (this.flags & FLAG.CREATED) !== 0;
    if (!created && !this.createdMustBeKept()) return { standing: 'apart', complaints: [], overdueSince: null };
    for (const mark of this.ledger.marks.get(this.row) ?? [])
      this.complaints.push({ ...mark, where: { topic: 'log', offset: mark.offset } });
    if (!created) this.withoutCreated();
    const standing = isTerminal(this.step) ? this.ended() : this.open();
    this.checkBit();
    this.checkAhead();
    this.checkDeadLetter();
    // Without `created` it was never accepted: the finding tells of it, and no sum.
    return {
      standing: !created ? 'apart' : this.complaints.some(({ kind }) => isUnplaced(kind)) ? 'unexplained' : standing,
      complaints: this.complaints,
      overdueSince: this.overdueSince,
    };
  }

  private complain(kind: FindingKind, what: string, where: Pointer | null, position = this.awaited): void {
    this.complaints.push({ kind, epoch: epochOf(position), attempt: attemptOf(position), what, where });
  }

  /** The log was read from its very beginning, or its first record is from well after the log's. */
  private createdMustBeKept(): boolean {
    const { log } = this.options;
    if (log.at === Number.NEGATIVE_INFINITY) return true;
    const first = positionOf(0, 1);
    return (
      this.step === STEP.NONE &&
      this.position === 0 &&
      this.columns.herePosition[this.row] === first &&
      this.columns.hereAt[this.row]! > log.at + SIBLINGS_MS
    );
  }

  private withoutCreated(): void {
    const where = this.place() ?? this.factPlace();
    const told =
      this.step === STEP.NONE && this.columns.factOffset[this.row] === 0 ? 'its record lies there' : 'facts tell of it';
    this.complain('record_without_created', `${told}, and no created fact does`, where);
  }

  private ended(): Standing {
    switch (this.step) {
      case STEP.SUCCEEDED:
        return 'succeeded';
      case STEP.FAILED:
        return 'failed';
      case STEP.CANCELLED:
        return 'cancelled';
      default:
        return 'expired';
    }
  }

  private open(): Standing {
    const { columns, row, step } = this;
    const created = (this.flags & FLAG.CREATED) !== 0;
    const place = this.place();
    const waiting = attemptOf(this.awaited) > 1 ? 'retrying' : 'pending';
    if (place === null) {
      if (this.mayBeTaken()) return 'notKept';
      if (created && step === STEP.NONE && (this.flags & FLAG.RECORD) === 0)
        this.complain('created_without_record', 'no record of its task was ever written', this.createdPlace());
      else
        this.complain(
          'lost',
          `no record of attempt ${attemptOf(this.awaited)} lies anywhere; ${this.lastWord()}`,
          this.factPlace(),
        );
      return waiting;
    }
    // The bit is written before the fact, so a crash may leave a parked delivery without one.
    if (step !== STEP.STARTED && this.hasBit()) return 'parked';
    if (step === STEP.PARKED) {
      const offset = columns.recordOffset[row]!;
      const where: Pointer = offset >= 0 ? { topic: 'deliveries', offset } : place;
      this.complain('parked_without_bit', 'it was parked, and no bit says so: nobody will take it up again', where);
      return 'parked';
    }
    if (step !== STEP.STARTED || !this.hasBit()) this.checkLeftBehind(place);
    return waiting;
  }

  /** A record of the awaited step is parked. */
  private hasBit(): boolean {
    const { columns, row } = this;
    const { bits } = this.ledger;
    const { id } = this.ledger.endpointOf(row);
    const isSet = (offset: number) => offset >= 0 && bits.has(id, offset);
    return (
      (this.step !== STEP.RETRY && isSet(columns.recordOffset[row]!)) ||
      (columns.here[row] === PLACE.DELIVERIES &&
        columns.herePosition[row] === this.awaited &&
        isSet(columns.hereOffset[row]!)) ||
      (columns.parkedPosition[row] === this.awaited && isSet(columns.parkedBit[row]!))
    );
  }

  /** Where the record of the awaited step lies. */
  private place(): Pointer | null {
    const { columns, row } = this;
    if (columns.here[row] !== PLACE.NOWHERE && columns.herePosition[row] === this.awaited)
      return pointer(columns.here[row]!, columns.hereOffset[row]!);
    if (columns.ahead[row] !== PLACE.NOWHERE && columns.aheadPosition[row] === this.awaited)
      return pointer(columns.ahead[row]!, columns.aheadOffset[row]!);
    return null;
  }

  private factPlace(): Pointer | null {
    const offset = this.columns.factOffset[this.row]!;
    return this.columns.factAt[this.row] === 0 ? null : { topic: 'log', offset };
  }

  private createdPlace(): Pointer {
    return { topic: 'log', offset: this.columns.createdOffset[this.row]! };
  }

  /** Its record may have lain before the beginning of `deliveries`. */
  private mayBeTaken(): boolean {
    const { deliveries } = this.options;
    const recordOffset = this.columns.recordOffset[this.row]!;
    if (this.step !== STEP.RETRY && recordOffset >= 0) return recordOffset < deliveries.offset;
    return this.columns.factAt[this.row]! < deliveries.at + SIBLINGS_MS;
  }

  private lastWord(): string {
    const attempt = attemptOf(this.position);
    switch (this.step) {
      case STEP.STARTED:
        return `attempt ${attempt} began and has no answer on record`;
      case STEP.PARKED:
        return 'it was parked last';
      case STEP.RETRY:
        return `attempt ${attempt} failed, and another was planned`;
      default:
        return epochOf(this.position) > 0 ? `epoch ${epochOf(this.position)} was opened` : 'it was created';
    }
  }

  /** What the log says up to the checkpoint is in the state; what it says later may be. */
  private settled(): boolean {
    const { checkpoint } = this.ledger.bits;
    return checkpoint !== null && this.columns.factOffset[this.row]! < checkpoint;
  }

  /** Its owner would send it again when the bit comes up, if it has forgotten by then that it has ended or moved on. */
  private checkBit(): void {
    const { columns, row } = this;
    const offset = columns.parkedBit[row]!;
    if (offset < 0 || !this.ledger.bits.has(this.ledger.endpointOf(row).id, offset)) return;
    const terminal = isTerminal(this.step);
    const position = columns.parkedPosition[row]!;
    if (!terminal && position >= this.awaited) {
      this.checkTwin(position);
      return;
    }
    // What a crash left parked of an attempt that was begun and goes on under the next number is dropped when it comes up.
    if (!terminal && (this.flags & (FLAG.OPEN_BEFORE | FLAG.REPEATED)) !== 0) return;
    if (!this.settled()) return;
    const why = terminal
      ? `and the delivery has ${endOf(this.step)}`
      : `and the delivery is at attempt ${attemptOf(this.awaited)}`;
    const what = `a parked bit is set for the record of its attempt ${attemptOf(position)}, ${why}`;
    this.complain('parked_bit_without_delivery', what, { topic: 'deliveries', offset }, position);
  }

  /** A repeat that was parked beside its original: both come up, and both are sent. */
  private checkTwin(position: number): void {
    const twin = this.columns.parkedTwin[this.row]!;
    if (twin < 0 || !this.ledger.bits.has(this.ledger.endpointOf(this.row).id, twin)) return;
    const what = `two records of attempt ${attemptOf(position)} are parked, and both will be sent`;
    this.complain('forked', what, { topic: 'deliveries', offset: twin }, position);
  }

  private checkDeadLetter(): void {
    if (this.step !== STEP.FAILED && this.step !== STEP.EXPIRED) return;
    if ((this.flags & FLAG.DEAD_LETTER) !== 0) return;
    if (this.columns.factAt[this.row]! < this.options.deadLetter.at + SIBLINGS_MS) return;
    const what = `it has ${endOf(this.step)}, and its task is not in the dead letter`;
    this.complain('failed_without_dead_letter', what, this.factPlace(), this.position);
  }

  /** A record of a later step than the one that is awaited. */
  private checkAhead(): void {
    const { columns, row } = this;
    const ahead = columns.aheadPosition[row]!;
    if (columns.ahead[row] === PLACE.NOWHERE || ahead <= this.awaited) return;
    const where = pointer(columns.ahead[row]!, columns.aheadOffset[row]!);
    const attempt = attemptOf(ahead);
    if (epochOf(ahead) > epochOf(this.position)) {
      this.complain(
        'epoch_without_reopened',
        `a record of epoch ${epochOf(ahead)} lies there, which no reopened fact has opened`,
        where,
        ahead,
      );
      return;
    }
    if (attempt <= this.furthestExplained()) return;
    const what = isTerminal(this.step)
      ? `it has ${endOf(this.step)}, and a record of its attempt ${attempt} waits`
      : `a record of attempt ${attempt} waits beside attempt ${attemptOf(this.awaited)}`;
    this.complain('forked', what, where, ahead);
  }

  /**
   * The highest attempt of which a record may lie there: that after one that began, when its answer is not on record yet, or
   * when it began twice, because a crash came between the record of the next attempt and the fact. What a command ended may
   * have had its next attempt planned.
   */
  private furthestExplained(): number {
    const begun = this.columns.begun[this.row]!;
    const attempt = attemptOf(this.position);
    if (isTerminal(this.step)) {
      const repeated = (this.flags & FLAG.REPEATED) !== 0;
      const byAttempt = (this.flags & FLAG.ENDED_BY_ATTEMPT) !== 0;
      return repeated || !byAttempt ? Math.max(begun, attempt) + 1 : attempt;
    }
    return Math.max(begun + 1, attemptOf(this.awaited));
  }

  private checkLeftBehind(place: Pointer): void {
    const { columns, row, step } = this;
    const { graceMs, now, timeScale, tierDelays } = this.options;
    const at = columns.herePosition[row] === this.awaited ? columns.hereAt[row]! : columns.aheadAt[row]!;
    if (place.topic === 'tier') {
      const moved = this.ledger.moved[place.tier]!;
      const dueAt = at + tierDelays[place.tier]! * timeScale;
      if (moved.offset > place.offset && moved.at > at + graceMs)
        this.complain(
          'left_behind',
          `it waits in a tier from which records that came ${Math.round((moved.at - at) / 1000)} s later were moved on`,
          place,
        );
      else if (dueAt < now - graceMs) this.overdueSince = dueAt;
      return;
    }
    const begun = step === STEP.STARTED;
    const dueAt = begun
      ? columns.factAt[row]!
      : at + (columns.herePosition[row] === this.awaited ? columns.hereRemaining[row]! : 0);
    const offset = begun && columns.recordOffset[row]! >= 0 ? columns.recordOffset[row]! : place.offset;
    if (this.ledger.owner.wentPast(offset, dueAt + graceMs))
      this.complain(
        'left_behind',
        begun
          ? `attempt ${attemptOf(this.position)} began and has no answer, and its owner has gone on to later records since`
          : 'its record is due, and its owner has gone on to later records without it',
        { topic: 'deliveries', offset },
      );
    else if (dueAt < now - graceMs) this.overdueSince = dueAt;
  }
}

const pointer = (place: number, offset: number): Pointer =>
  place === PLACE.DELIVERIES ? { topic: 'deliveries', offset } : { topic: 'tier', tier: place - PLACE.TIER, offset };
