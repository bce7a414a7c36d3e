import type { DeliveryFact } from '@millrace/protocol';
import { endOf, FLAG, isTerminal, STEP, type Step } from './delivery-rows';
import { ENDED_STEP, RESULT_STEP } from './fact-steps';
import type { Ledger } from './ledger';
import { attemptOf, epochOf, isOffset, positionOf } from './position';
import { shortHash } from './short-hash';
import { wrongInFact } from './wrong-fact';

/** Where a fact stands: its record's offset in the delivery log, and that record's append time in Unix ms. */
export interface FactPlace {
  readonly offset: number;
  readonly at: number;
}

type Fact<Kind extends DeliveryFact['kind']> = Extract<DeliveryFact, { kind: Kind }>;

/**
 * Adds one entry of a record of the delivery log. The facts of a delivery come in the order of its partition; a fact that comes
 * twice changes nothing, and `created` may come at any time.
 *
 * @returns what is wrong with an entry that cannot be used, or null
 */
export const foldFact = (ledger: Ledger, entry: unknown, place: FactPlace): string | null => {
  const fact = entry as DeliveryFact;
  const wrong = wrongInFact(entry);
  if (wrong !== null) return wrong;
  ledger.counts.facts++;
  // The owner's progress is that of the partition, whichever deliveries are looked at.
  if (fact.kind === 'attempt-started' || fact.kind === 'parked' || fact.kind === 'ended')
    if (isOffset(fact.recordOffset)) ledger.owner.note(place.at, fact.recordOffset);
  const row = ledger.rowOf(fact.deliveryId, fact.endpointId, fact.tenant);
  if (row < 0) return null;
  switch (fact.kind) {
    case 'created':
      created(ledger, row, place);
      break;
    case 'reopened':
      reopened(ledger, row, fact, place);
      break;
    case 'command-refused':
      ledger.counts.refused++;
      break;
    case 'attempt-started':
      if (inEpoch(ledger, row, fact, place)) started(ledger, row, fact, place);
      break;
    case 'attempt-finished':
      if (inEpoch(ledger, row, fact, place)) finished(ledger, row, fact, place);
      break;
    case 'parked':
      if (inEpoch(ledger, row, fact, place)) parked(ledger, row, fact, place);
      break;
    case 'ended':
      if (inEpoch(ledger, row, fact, place)) ended(ledger, row, fact, place);
      break;
  }
  return null;
};

const created = ({ rows }: Ledger, row: number, { offset, at }: FactPlace): void => {
  const { columns } = rows;
  if ((columns.flags[row]! & FLAG.CREATED) !== 0) return;
  columns.flags[row]! |= FLAG.CREATED;
  columns.createdOffset[row] = offset;
  if (columns.step[row] === STEP.NONE && columns.factAt[row] === 0) columns.factAt[row] = at;
};

const reopened = (ledger: Ledger, row: number, fact: Fact<'reopened'>, place: FactPlace): void => {
  const { columns } = ledger.rows;
  const epoch = epochOf(columns.position[row]!);
  const command = shortHash(fact.commandId);
  if (fact.epoch > epoch) {
    beginEpoch(ledger, row, fact.epoch, place);
    columns.command[row] = command;
  } else if (fact.epoch === epoch && columns.command[row] === 0) {
    // The record of the epoch is written before this fact, so its first attempt may be begun before it.
    columns.command[row] = command;
    ledger.unmark(row, 'epoch_without_reopened', epoch);
  } else if (fact.epoch === epoch && columns.command[row] !== command)
    ledger.mark(row, {
      kind: 'forked',
      epoch,
      attempt: 0,
      offset: place.offset,
      what: `two commands opened epoch ${epoch}`,
    });
};

const beginEpoch = ({ rows: { columns } }: Ledger, row: number, epoch: number, { offset, at }: FactPlace): void => {
  columns.position[row] = positionOf(epoch, 0);
  columns.step[row] = STEP.NONE;
  columns.begun[row] = 0;
  columns.command[row] = 0;
  columns.flags[row]! &= ~(FLAG.REPEATED | FLAG.OPEN | FLAG.OPEN_BEFORE | FLAG.ENDED_BY_ATTEMPT);
  columns.factOffset[row] = offset;
  columns.factAt[row] = at;
  columns.recordOffset[row] = -1;
};

/** False for a fact of an epoch that is over. */
const inEpoch = (
  ledger: Ledger,
  row: number,
  fact: Fact<'attempt-started' | 'attempt-finished' | 'parked' | 'ended'>,
  place: FactPlace,
): boolean => {
  const { columns } = ledger.rows;
  const epoch = epochOf(columns.position[row]!);
  if (fact.epoch === epoch) return true;
  const { attempt } = fact;
  if (fact.epoch > epoch) {
    beginEpoch(ledger, row, fact.epoch, place);
    const what = `${fact.kind} of epoch ${fact.epoch}, which no reopened fact has opened`;
    ledger.mark(row, { kind: 'epoch_without_reopened', epoch: fact.epoch, attempt, offset: place.offset, what });
    return true;
  }
  if (fact.kind === 'attempt-started') {
    const what = `attempt ${attempt} of epoch ${fact.epoch} began after epoch ${epoch} was opened`;
    ledger.mark(row, { kind: 'forked', epoch: fact.epoch, attempt, offset: place.offset, what });
  }
  return false;
};

const started = (ledger: Ledger, row: number, fact: Fact<'attempt-started'>, place: FactPlace): void => {
  const { columns } = ledger.rows;
  const { epoch, attempt } = fact;
  const current = attemptOf(columns.position[row]!);
  const step = columns.step[row]!;
  const begun = columns.begun[row]!;
  const request = shortHash(fact.requestId);
  if (begun >= attempt && columns.request[row] === request) return;
  columns.request[row] = request;
  columns.begun[row] = Math.max(begun, attempt);
  ledger.counts.requests++;
  const say = (kind: 'sent_after_end' | 'forked' | 'attempts_not_contiguous', what: string) =>
    ledger.mark(row, { kind, epoch, attempt, offset: place.offset, what });
  if (isTerminal(step)) {
    const repeats = attempt === current && (columns.flags[row]! & FLAG.ENDED_BY_ATTEMPT) !== 0;
    if (repeats) repeated(ledger, row);
    else
      say('sent_after_end', `attempt ${attempt} began after the delivery had ${endOf(step)} with attempt ${current}`);
    return;
  }
  if (attempt > begun + 1)
    say('attempts_not_contiguous', `attempt ${attempt} began, and ${attemptsBetween(begun, attempt)} never did`);
  if (attempt < current) {
    if ((columns.flags[row]! & FLAG.OPEN_BEFORE) !== 0) ledger.counts.repeats++;
    else say('forked', `attempt ${attempt} began after attempt ${current} had been taken up`);
    return;
  }
  if (attempt <= begun) {
    repeated(ledger, row);
    if (step === STEP.RETRY) return;
  } else {
    passOn(ledger, row);
    columns.flags[row]! |= FLAG.OPEN;
  }
  moveTo(ledger, row, STEP.STARTED, positionOf(epoch, attempt), place);
  columns.recordOffset[row] = isOffset(fact.recordOffset) ? fact.recordOffset : -1;
};

const attemptsBetween = (begun: number, attempt: number): string =>
  attempt === begun + 2 ? `attempt ${begun + 1}` : `attempts ${begun + 1} to ${attempt - 1}`;

/** A later attempt is taken up than the one that was begun last. */
const passOn = ({ rows: { columns } }: Ledger, row: number): void => {
  const open = (columns.flags[row]! & FLAG.OPEN) === 0 ? 0 : FLAG.OPEN_BEFORE;
  columns.flags[row] = (columns.flags[row]! & ~FLAG.REPEATED) | open;
};

const repeated = ({ rows: { columns }, counts }: Ledger, row: number): void => {
  columns.flags[row]! |= FLAG.REPEATED;
  counts.repeats++;
};

const finished = (ledger: Ledger, row: number, fact: Fact<'attempt-finished'>, place: FactPlace): void => {
  const { columns } = ledger.rows;
  const { epoch, attempt, result } = fact;
  const current = attemptOf(columns.position[row]!);
  const step = columns.step[row]!;
  const to = RESULT_STEP[result.kind];
  ledger.counts.answers++;
  if (attempt > columns.begun[row]!) {
    const what = `attempt ${attempt} ended, and nothing says that it began`;
    ledger.mark(row, { kind: 'finished_without_started', epoch, attempt, offset: place.offset, what });
    columns.begun[row] = attempt;
  }
  if (attempt === columns.begun[row]) columns.flags[row]! &= ~FLAG.OPEN;
  // The answer to a request whose sender had lost the delivery to another, which went on.
  if (attempt < current) return;
  if (isTerminal(step)) {
    if (!isTerminal(to) || to === step) return;
    const byAttempt = (columns.flags[row]! & FLAG.ENDED_BY_ATTEMPT) !== 0;
    const wasRepeated = byAttempt && attempt === current && (columns.flags[row]! & FLAG.REPEATED) !== 0;
    if (!wasRepeated) {
      const what = `it had ${endOf(step)} with attempt ${current}, and then ${endOf(to)} with attempt ${attempt}`;
      ledger.mark(row, { kind: 'terminal_twice', epoch, attempt, offset: place.offset, what });
    }
    if (to === STEP.SUCCEEDED) moveTo(ledger, row, to, positionOf(epoch, Math.max(attempt, current)), place);
    return;
  }
  if (step === STEP.RETRY && attempt === current && !isTerminal(to)) return;
  moveTo(ledger, row, to, positionOf(epoch, attempt), place);
  if (isTerminal(to)) columns.flags[row]! |= FLAG.ENDED_BY_ATTEMPT;
};

const parked = (ledger: Ledger, row: number, fact: Fact<'parked'>, place: FactPlace): void => {
  const { columns } = ledger.rows;
  const { epoch, attempt } = fact;
  const current = attemptOf(columns.position[row]!);
  const step = columns.step[row]!;
  // A repeat that was parked before its owner knew that it was one: its bit tells whether it still lies there.
  if (isTerminal(step) || attempt < current || (step === STEP.RETRY && attempt === current)) return;
  if (attempt > current) passOn(ledger, row);
  moveTo(ledger, row, STEP.PARKED, positionOf(epoch, attempt), place);
  columns.recordOffset[row] = isOffset(fact.recordOffset) ? fact.recordOffset : -1;
};

const ended = (ledger: Ledger, row: number, fact: Fact<'ended'>, place: FactPlace): void => {
  const { columns } = ledger.rows;
  const { epoch, attempt } = fact;
  const current = attemptOf(columns.position[row]!);
  const step = columns.step[row]!;
  const to = ENDED_STEP[fact.status];
  if (isTerminal(step)) {
    if (to !== step) {
      const what = `it had ${endOf(step)} with attempt ${current}, and then ${endOf(to)} (${fact.reason})`;
      ledger.mark(row, { kind: 'terminal_twice', epoch, attempt, offset: place.offset, what });
    }
    return;
  }
  moveTo(ledger, row, to, positionOf(epoch, Math.max(attempt, current)), place);
};

const moveTo = (
  { rows: { columns } }: Ledger,
  row: number,
  step: Step,
  position: number,
  { offset, at }: FactPlace,
): void => {
  columns.step[row] = step;
  columns.position[row] = position;
  columns.factOffset[row] = offset;
  columns.factAt[row] = at;
};
