import type { Database } from '@millrace/postgres';
import { RANK_ENDED } from '../projections/deliveries/delivery.projection';
import type { WaitingGroup } from './held-keys';

/** Groups that are looked at; those that have waited longest come first. */
const GROUPS = 10_000;
/** Deliveries of a subject among which the one that holds the key is looked for; other endpoints have theirs there too. */
const LOOKED_AT = 200;

const OPEN = `rank < ${RANK_ENDED} AND reason <> 'behind_key'`;

interface GroupRow {
  readonly subject: Buffer | null;
  readonly count: string;
  readonly since: string;
  readonly behind_id: string | null;
  readonly behind_subject: Buffer | null;
  readonly behind_open: boolean | null;
  readonly open_before: string | null;
}

export interface HeadRow {
  readonly delivery_id: string;
  readonly status: string;
  readonly next_attempt_at: string;
  readonly attempts: string;
}

/** Reads of what waits behind kept order. Every query begins with the tenant. */
export class HeldKeyReader {
  constructor(private readonly database: Database) {}

  async waiting(tenant: string, endpointId: string): Promise<WaitingGroup[]> {
    const rows = await this.database.query<GroupRow[]>(
      `SELECT g.subject, g.count, g.since, b.delivery_id AS behind_id, b.subject AS behind_subject, b.open AS behind_open,
         n.delivery_id AS open_before
       FROM (
         SELECT subject, behind, count(*) AS count, min(state_at) AS since, min(created_at) AS oldest
         FROM deliveries WHERE tenant = $1 AND endpoint_id = $2 AND reason = 'behind_key'
         GROUP BY subject, behind ORDER BY since, subject, behind LIMIT ${GROUPS}
       ) g
       LEFT JOIN LATERAL (
         SELECT delivery_id, subject, ${OPEN} AS open FROM deliveries
         WHERE tenant = $1 AND delivery_id = NULLIF(g.behind, '')::uuid
       ) b ON true
       LEFT JOIN LATERAL (
         SELECT delivery_id FROM (
           SELECT delivery_id, created_at, endpoint_id, rank, reason FROM deliveries
           WHERE tenant = $1 AND subject = g.subject AND created_at <= g.oldest AND b.open IS NOT TRUE
           ORDER BY created_at DESC, delivery_id DESC LIMIT ${LOOKED_AT}
         ) latest
         WHERE endpoint_id = $2 AND ${OPEN} ORDER BY created_at DESC, delivery_id DESC LIMIT 1
       ) n ON true
       ORDER BY g.since, g.subject, g.behind`,
      [tenant, endpointId],
    );
    return rows.map((row) => ({
      subject: row.subject?.toString('utf8') ?? null,
      count: Number(row.count),
      since: Number(row.since),
      behind:
        row.behind_id === null
          ? null
          : {
              id: row.behind_id,
              subject: row.behind_subject?.toString('utf8') ?? null,
              open: row.behind_open === true,
            },
      openBefore: row.open_before,
    }));
  }

  async heads(tenant: string, ids: readonly string[]): Promise<Map<string, HeadRow>> {
    const rows = await this.database.query<HeadRow[]>(
      `SELECT d.delivery_id, d.status, d.next_attempt_at,
         (SELECT count(DISTINCT (epoch, attempt)) FROM attempts a WHERE a.tenant = $1 AND a.delivery_id = d.delivery_id)
           AS attempts
       FROM deliveries d WHERE d.tenant = $1 AND d.delivery_id = ANY($2::uuid[])`,
      [tenant, ids],
    );
    return new Map(rows.map((row) => [row.delivery_id, row]));
  }
}
