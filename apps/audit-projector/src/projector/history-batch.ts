import { DEFAULT_TENANT } from '@millrace/domain';
import {
  decodeEvent,
  decodeFacts,
  decodeQuarantineAction,
  decodeRejection,
  type IncomingMessage,
  isQuarantineAction,
  type TopicNames,
} from '@millrace/protocol';
import { type AttemptRow, attemptRow, mergeAttempts } from '../projections/attempts/attempt.projection';
import { type CommandRow, commandRow, mergeCommands } from '../projections/commands/command.projection';
import { type DeliveryRow, deliveryRow, mergeDeliveries } from '../projections/deliveries/delivery.projection';
import { type EventRow, eventRow, mergeEvents } from '../projections/events/event.projection';
import {
  type QuarantineActionRow,
  quarantineActionRow,
} from '../projections/quarantine-actions/quarantine-action.projection';
import { type RefusedFactRow, refusedFact, refusedRecord } from '../projections/refused-facts/refused-fact.projection';
import { type RejectionRow, rejectionRow } from '../projections/rejected/rejection.projection';
import { checkFact } from './check-fact';
import { isTimeMs } from './postgres-text';

/**
 * What some records of the log amount to: the rows of every read model, already merged within the batch, so that a
 * delivery that was created, attempted and finished inside one batch is one insert. Pure but for its own maps.
 */
export class HistoryBatch {
  readonly events = new Map<string, EventRow>();
  readonly deliveries = new Map<string, DeliveryRow>();
  readonly attempts = new Map<string, AttemptRow>();
  readonly commands = new Map<string, CommandRow>();
  readonly rejections: RejectionRow[] = [];
  readonly quarantineActions: QuarantineActionRow[] = [];
  readonly refusedFacts: RefusedFactRow[] = [];
  /** Facts, events and rejections seen: what a batch is limited by. */
  size = 0;

  constructor(private readonly topics: Pick<TopicNames, 'deliveryLog' | 'eventsRejected' | 'signalsRejected'>) {}

  /** Never throws: what is not usable becomes a row of `refused_facts`. */
  add(message: IncomingMessage): void {
    if (!isTimeMs(message.timestamp)) {
      this.size++;
      this.refusedFacts.push(refusedRecord(message, `timestamp ${message.timestamp}`));
    } else if (message.topic === this.topics.deliveryLog) this.addFacts(message);
    else if (message.topic === this.topics.eventsRejected || message.topic === this.topics.signalsRejected)
      if (isQuarantineAction(message)) this.addQuarantineAction(message);
      else this.addRejection(message);
    else this.addEvent(message);
  }

  private addFacts(message: IncomingMessage): void {
    const facts: unknown[] | null = decodeFacts(message);
    if (facts === null) {
      this.size++;
      this.refusedFacts.push(refusedRecord(message, 'not a record of the delivery log'));
      return;
    }
    facts.forEach((fact, index) => {
      this.addFact(message, index, fact);
    });
  }

  addFact(message: IncomingMessage, index: number, candidate: unknown): void {
    this.size++;
    const check = checkFact(candidate, message.timestamp);
    if (check.kind === 'refused') {
      this.refusedFacts.push(refusedFact(message, index, candidate, check.reason));
      return;
    }
    const { fact } = check;
    const delivery = `${fact.tenant}/${fact.deliveryId}`;
    if (fact.kind !== 'command-refused') merge(this.deliveries, delivery, deliveryRow(fact), mergeDeliveries);
    if (fact.kind === 'attempt-started' || fact.kind === 'attempt-finished')
      merge(this.attempts, `${delivery}/${fact.requestId}`, attemptRow(fact), mergeAttempts);
    const command = commandRow(fact);
    if (command !== null) merge(this.commands, `${delivery}/${command.commandId}`, command, mergeCommands);
  }

  /** An event that fan-out refuses is not an event: it comes again on `events.rejected`, with the reason. */
  private addEvent(message: IncomingMessage): void {
    this.size++;
    const reading = decodeEvent(message, DEFAULT_TENANT);
    if (reading.kind === 'refused') return;
    const row = eventRow(reading.event, message);
    merge(this.events, `${row.tenant}/${row.day}/${row.eventKey}`, row, mergeEvents);
  }

  private addRejection(message: IncomingMessage): void {
    this.size++;
    const decoded = decodeRejection(message);
    if (decoded === null) this.refusedFacts.push(refusedRecord(message, 'not a rejection'));
    else this.rejections.push(rejectionRow(decoded.rejection, decoded.value, message));
  }

  private addQuarantineAction(message: IncomingMessage): void {
    this.size++;
    const action = decodeQuarantineAction(message);
    if (action === null) this.refusedFacts.push(refusedRecord(message, 'not an action on the quarantine'));
    else this.quarantineActions.push(quarantineActionRow(action, message));
  }
}

const merge = <Row>(rows: Map<string, Row>, key: string, row: Row, both: (a: Row, b: Row) => Row): void => {
  const known = rows.get(key);
  rows.set(key, known === undefined ? row : both(known, row));
};
