import { secretOwnerOf } from '@millrace/domain';
import type { Standing } from '../judging/verdict';
import type { EndpointSums, Sums } from '../reconciliation';

type Counts = { -readonly [name in keyof Sums]: number };

const zero = (): Counts => ({
  accepted: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  expired: 0,
  pending: 0,
  retrying: 0,
  parked: 0,
  unexplained: 0,
  notKept: 0,
});

/** Counts each delivery once, by endpoint and in total. */
export class Tally {
  readonly totals = zero();
  createdBefore = 0;
  overdue = 0;
  oldestDueAt: number | null = null;
  private readonly byEndpoint = new Map<string, { readonly tenant: string; readonly counts: Counts }>();

  add(endpointId: string, tenant: string, standing: Standing, overdueSince: number | null): void {
    if (standing === 'apart') {
      this.createdBefore++;
      return;
    }
    let entry = this.byEndpoint.get(endpointId);
    if (!entry) {
      entry = { tenant, counts: zero() };
      this.byEndpoint.set(endpointId, entry);
    }
    for (const counts of [this.totals, entry.counts]) {
      counts.accepted++;
      counts[standing]++;
    }
    if (overdueSince === null) return;
    this.overdue++;
    if (this.oldestDueAt === null || overdueSince < this.oldestDueAt) this.oldestDueAt = overdueSince;
  }

  /** By tenant and id. */
  endpoints(living: ReadonlySet<string>): EndpointSums[] {
    return [...this.byEndpoint]
      .map(([endpointId, { tenant, counts }]) => ({
        endpointId,
        tenant,
        deleted: !living.has(secretOwnerOf(endpointId)),
        ...counts,
      }))
      .sort((a, b) => compare(a.tenant, b.tenant) || compare(a.endpointId, b.endpointId));
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
