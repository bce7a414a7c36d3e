import type { DeliveryTask } from '@millrace/domain';
import type { IncomingMessage } from '@millrace/protocol';
import { decodeCommand, decodeDelivery } from '@millrace/protocol';
import { awaitedOf } from './awaited-step';
import { FLAG, isTerminal, PLACE, STEP } from './delivery-rows';
import type { Ledger } from './ledger';
import { epochOf, isCountable, positionOf } from './position';

/** The topics that hold tasks, as the ledger tells them apart; a tier by its index among RETRY_TIERS. */
export type TaskTopic =
  | { readonly kind: 'deliveries' | 'dead-letter' }
  | { readonly kind: 'tier'; readonly tier: number };

/** 49 days: what fits. No delay is longer. */
const LONGEST_DELAY_MS = 0xffff_ffff;

/**
 * Adds one record of `deliveries`, of a tier or of the dead letter. The facts that are read together with it are added
 * before it, and the topics in this order: `deliveries`, then the tiers, the shortest first. So it is known where a task has
 * been moved to when the record is met from which it was moved.
 *
 * @returns what is wrong with a record that cannot be used, or null
 */
export const foldRecord = (ledger: Ledger, message: IncomingMessage, topic: TaskTopic): string | null => {
  if (topic.kind === 'deliveries') {
    const command = decodeCommand(message);
    if (command.kind === 'command') return null;
    if (command.kind === 'unreadable') return 'a command that cannot be read';
  }
  const delivery = decodeDelivery(message);
  if (delivery === null) return 'a record that is no delivery task';
  const { task } = delivery;
  if (!isCountable(task.epoch) || !isCountable(task.attempt)) return 'a task whose epoch or attempt cannot be';
  const { deliveryId, endpointId, tenant } = task;
  const row = ledger.rowOf(deliveryId, endpointId, tenant);
  if (row < 0) return null;
  const { columns } = ledger.rows;
  columns.flags[row]! |= FLAG.RECORD;
  const offset = Number(message.offset);
  switch (topic.kind) {
    case 'dead-letter':
      columns.flags[row]! |= FLAG.DEAD_LETTER;
      return null;
    case 'deliveries':
      if (ledger.bits.match(endpointId, offset)) noteBit(ledger, row, positionOf(task.epoch, task.attempt), offset);
      inDeliveries(ledger, row, task, offset, message.timestamp);
      return null;
    case 'tier':
      inTier(ledger, row, task, topic.tier, offset, message.timestamp);
      return null;
  }
};

/** Of several bits of one delivery, those of its earliest step are the ones to look at. */
const noteBit = ({ rows: { columns } }: Ledger, row: number, position: number, offset: number): void => {
  const held = columns.parkedBit[row]!;
  if (held >= 0 && columns.parkedPosition[row] === position && held !== offset) columns.parkedTwin[row] = offset;
  if (held >= 0 && columns.parkedPosition[row]! <= position) return;
  columns.parkedBit[row] = offset;
  columns.parkedPosition[row] = position;
  columns.parkedTwin[row] = -1;
};

const inDeliveries = (ledger: Ledger, row: number, task: DeliveryTask, offset: number, at: number): void => {
  const { columns } = ledger.rows;
  const position = positionOf(task.epoch, task.attempt);
  const awaited = awaitedOf(ledger, row);
  if (position > awaited) noteAhead(ledger, row, position, PLACE.DELIVERIES, offset, at);
  if (position !== awaited) return;
  if (columns.herePosition[row] === position && columns.here[row]! >= PLACE.TIER)
    noteMoved(ledger, columns.here[row]! - PLACE.TIER, columns.hereOffset[row]!, columns.hereAt[row]!);
  noteHere(ledger, row, position, PLACE.DELIVERIES, offset, at, task.remainingDelayMs);
};

const inTier = (ledger: Ledger, row: number, task: DeliveryTask, tier: number, offset: number, at: number): void => {
  const { columns } = ledger.rows;
  const position = positionOf(task.epoch, task.attempt);
  const awaited = awaitedOf(ledger, row);
  if (position > awaited) noteAhead(ledger, row, position, PLACE.TIER + tier, offset, at);
  else if (position < awaited && epochOf(position) === epochOf(awaited)) noteMoved(ledger, tier, offset, at);
  if (position !== awaited) return;
  const here = columns.herePosition[row] === position ? columns.here[row]! : PLACE.NOWHERE;
  const remaining = Math.min(task.remainingDelayMs, LONGEST_DELAY_MS);
  if (hasArrived(ledger, row) || here === PLACE.DELIVERIES) noteMoved(ledger, tier, offset, at);
  else if (here === PLACE.NOWHERE) noteHere(ledger, row, position, PLACE.TIER + tier, offset, at, remaining);
  else if (remaining < columns.hereRemaining[row]!) {
    noteMoved(ledger, here - PLACE.TIER, columns.hereOffset[row]!, columns.hereAt[row]!);
    noteHere(ledger, row, position, PLACE.TIER + tier, offset, at, remaining);
  } else if (remaining > columns.hereRemaining[row]!) noteMoved(ledger, tier, offset, at);
};

/** A fact of the very step tells that its record came out of the tiers; a command may end a delivery while it waits in one. */
const hasArrived = ({ rows: { columns } }: Ledger, row: number): boolean => {
  const step = columns.step[row]!;
  if (isTerminal(step)) return (columns.flags[row]! & FLAG.ENDED_BY_ATTEMPT) !== 0;
  return step === STEP.STARTED || step === STEP.PARKED;
};

const noteHere = (
  { rows: { columns } }: Ledger,
  row: number,
  position: number,
  place: number,
  offset: number,
  at: number,
  remaining: number,
): void => {
  columns.herePosition[row] = position;
  columns.here[row] = place;
  columns.hereOffset[row] = offset;
  columns.hereAt[row] = at;
  columns.hereRemaining[row] = Math.min(remaining, LONGEST_DELAY_MS);
};

const noteAhead = (
  { rows: { columns } }: Ledger,
  row: number,
  position: number,
  place: number,
  offset: number,
  at: number,
): void => {
  if (columns.aheadPosition[row]! > position) return;
  columns.aheadPosition[row] = position;
  columns.ahead[row] = place;
  columns.aheadOffset[row] = offset;
  columns.aheadAt[row] = at;
};

const noteMoved = ({ moved }: Ledger, tier: number, offset: number, at: number): void => {
  const furthest = moved[tier]!;
  if (offset <= furthest.offset) return;
  furthest.offset = offset;
  furthest.at = at;
};
