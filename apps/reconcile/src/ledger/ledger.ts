import { RETRY_TIERS } from '@millrace/domain';
import type { FindingKind } from '../reconciliation';
import { DeliveryRows } from './delivery-rows';
import { OwnerProgress } from './owner-progress';
import { ParkedBits } from './parked-bits';

/** Something wrong that a fact itself shows. */
export interface Mark {
  readonly kind: FindingKind;
  readonly epoch: number;
  readonly attempt: number;
  /** Of the record of the delivery log with the fact. */
  readonly offset: number;
  readonly what: string;
}

/** A record, or a fact in one, that cannot be used. */
export interface Unreadable {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly what: string;
}

export interface EndpointName {
  readonly id: string;
  readonly tenant: string;
}

/** The record of a tier that lies furthest back among those that were moved on, and its append time (Unix ms). */
export interface MovedFrom {
  offset: number;
  at: number;
}

export interface LedgerScope {
  /** Only deliveries of this endpoint; null for all. */
  readonly endpointId: string | null;
  /** See JudgeOptions. */
  readonly graceMs: number;
}

/**
 * The account of one partition of endpoints: every delivery that its topics tell of, as the facts and the records leave it. Facts
 * and records are added in any amount, in the order of their own partitions; what is added twice counts once.
 */
export class Ledger {
  rows = new DeliveryRows();
  readonly endpoints: EndpointName[] = [];
  readonly bits = new ParkedBits();
  readonly owner: OwnerProgress;
  readonly moved: MovedFrom[] = RETRY_TIERS.map(() => ({ offset: -1, at: 0 }));
  readonly unreadable: Unreadable[] = [];
  marks = new Map<number, Mark[]>();
  /** Facts read; requests begun and answered; requests begun again for the same attempt; commands refused. */
  readonly counts = { facts: 0, requests: 0, answers: 0, repeats: 0, refused: 0 };
  private readonly endpointRows = new Map<string, number>();
  /** Only the deliveries that it has are followed. */
  private closed = false;

  constructor(
    readonly partition: number,
    readonly scope: LedgerScope,
  ) {
    this.owner = new OwnerProgress(scope.graceMs);
  }

  /** The row of a delivery; -1 when it is none of those that are looked at. */
  rowOf(deliveryId: string, endpointId: string, tenant: string): number {
    if (this.closed) return this.rows.find(deliveryId);
    if (this.scope.endpointId !== null && endpointId !== this.scope.endpointId) return -1;
    return this.rows.add(deliveryId, this.endpointRow(endpointId, tenant));
  }

  endpointOf(row: number): EndpointName {
    return this.endpoints[this.rows.columns.endpoint[row]!]!;
  }

  /** The first of each kind of a delivery; those after it have the same cause. */
  mark(row: number, mark: Mark): void {
    const marks = this.marks.get(row);
    if (!marks) this.marks.set(row, [mark]);
    else if (!marks.some(({ kind }) => kind === mark.kind)) marks.push(mark);
  }

  /** A later fact has explained what was marked. */
  unmark(row: number, kind: FindingKind, epoch: number): void {
    const marks = this.marks.get(row);
    if (marks)
      this.marks.set(
        row,
        marks.filter((mark) => mark.kind !== kind || mark.epoch !== epoch),
      );
  }

  /** Forgets every delivery but these, and follows no new ones. */
  keep(rows: readonly number[]): void {
    const kept = new DeliveryRows();
    const marks = new Map<number, Mark[]>();
    for (const row of rows) {
      const copy = this.rows.copyTo(kept, row);
      const held = this.marks.get(row);
      if (held) marks.set(copy, held);
    }
    this.rows = kept;
    this.marks = marks;
    this.closed = true;
  }

  private endpointRow(id: string, tenant: string): number {
    const held = this.endpointRows.get(id);
    if (held !== undefined) return held;
    this.endpointRows.set(id, this.endpoints.length);
    this.endpoints.push({ id, tenant });
    return this.endpoints.length - 1;
  }
}
