import type { DeliveryCreated, DeliveryFact } from '@millrace/protocol';
import { IdTable } from './id-table';

export interface FailedSelection {
  readonly endpointId: string;
  /** Unix ms of acceptance, inclusive. */
  readonly since: number;
  /** Exclusive. */
  readonly until: number;
  readonly wantsType: (eventType: string) => boolean;
}

type State = typeof OPEN | typeof FAILED | typeof SETTLED;
const OPEN = 0;
/** Ended without success, and not because somebody wanted it so. */
const FAILED = 1;
/** Succeeded, cancelled, or already asked for again by this recovery. */
const SETTLED = 2;

/** Value in the table: bit 0 always, bit 1 created in the span, bits 2 and 3 the state, above them the epoch. */
const PRESENT = 1;
const CREATED = 2;
const STATE_SHIFT = 2;
const EPOCH_SHIFT = 4;
const LARGEST_EPOCH = 2 ** (32 - EPOCH_SHIFT) - 1;

const stateOf = (value: number): State => ((value >>> STATE_SHIFT) & 3) as State;
const epochOf = (value: number): number => value >>> EPOCH_SHIFT;
const packed = (created: boolean, state: State, epoch: number): number =>
  (PRESENT | (created ? CREATED : 0) | (state << STATE_SHIFT) | (epoch << EPOCH_SHIFT)) >>> 0;
const qualifies = (value: number): boolean => (value & CREATED) !== 0 && stateOf(value) === FAILED;

/**
 * Folds the facts of one endpoint, in the order of the log, to the last state of each delivery whose event was accepted in
 * the span. Of a delivery made before the span nothing but a failure is kept, in case its `created` comes late.
 */
export class FailedDeliveries {
  private readonly table: IdTable;
  /** Deliveries made in the span. */
  examined = 0;
  /** Those of them that have failed or expired. */
  qualified = 0;

  /** @param limit deliveries that it can tell apart; beyond it `apply` throws RecoveryFailure */
  constructor(
    private readonly selection: FailedSelection,
    limit: number,
  ) {
    this.table = new IdTable(limit);
  }

  apply(fact: DeliveryFact): void {
    if (fact.endpointId !== this.selection.endpointId) return;
    if (fact.kind === 'created') {
      if (this.selects(fact)) this.noteCreated(fact.deliveryId);
      return;
    }
    const end = endOf(fact);
    if (end === null) return;
    const held = this.table.get(fact.deliveryId);
    if (held === 0 && end.state !== FAILED) return;
    if (held !== 0 && end.epoch < epochOf(held)) return;
    this.put(fact.deliveryId, held, packed((held & CREATED) !== 0, end.state, end.epoch));
  }

  /** The delivery's last state is a failure under this epoch, and it was made in the span. */
  hasFailed(deliveryId: string, epoch: number): boolean {
    const held = this.table.get(deliveryId);
    return qualifies(held) && epochOf(held) === epoch;
  }

  /** Whether anything of the delivery is worth remembering for a command. */
  mayAskFor(deliveryId: string): boolean {
    return qualifies(this.table.get(deliveryId));
  }

  /** It is asked for once. */
  noteAsked(deliveryId: string): void {
    const held = this.table.get(deliveryId);
    if (held !== 0) this.put(deliveryId, held, packed((held & CREATED) !== 0, SETTLED, epochOf(held)));
  }

  /** A test is not worth a second time. */
  private selects({ acceptedAt, eventType, trigger }: DeliveryCreated): boolean {
    const { since, until, wantsType } = this.selection;
    return acceptedAt >= since && acceptedAt < until && trigger?.kind !== 'test' && wantsType(eventType);
  }

  private noteCreated(deliveryId: string): void {
    const held = this.table.get(deliveryId);
    if ((held & CREATED) !== 0) return;
    this.examined++;
    this.put(deliveryId, held, held === 0 ? packed(true, OPEN, 0) : (held | CREATED) >>> 0);
  }

  private put(deliveryId: string, before: number, after: number): void {
    this.table.set(deliveryId, after);
    this.qualified += Number(qualifies(after)) - Number(qualifies(before));
  }
}

/** The state that a fact leaves its delivery in; null for one that changes none, or is not whole. */
const endOf = (fact: DeliveryFact): { readonly state: State; readonly epoch: number } | null => {
  const state = stateAfter(fact);
  if (state === null || !('epoch' in fact)) return null;
  const { epoch } = fact;
  return Number.isSafeInteger(epoch) && epoch >= 0 && epoch <= LARGEST_EPOCH ? { state, epoch } : null;
};

const stateAfter = (fact: DeliveryFact): State | null => {
  switch (fact.kind) {
    case 'attempt-started':
    case 'parked':
    case 'reopened':
      return OPEN;
    case 'attempt-finished':
      if (fact.result?.kind === 'failed' || fact.result?.kind === 'expired') return FAILED;
      return fact.result?.kind === 'succeeded' ? SETTLED : OPEN;
    case 'ended':
      return fact.status === 'cancelled' ? SETTLED : FAILED;
    default:
      return null;
  }
};
