import { parseTypePattern } from '@millrace/domain';
import type { Database } from '@millrace/postgres';
import type { Position } from '../history-api/cursor';
import { Where } from '../history-api/where.store';

export interface LatestEvent {
  readonly event_key: string;
  readonly event_id: string;
  readonly type: string;
  readonly accepted_at: string;
  readonly attributes: Buffer;
  readonly data: Buffer;
}

/** SQLSTATE of a statement that took longer than it may. */
const CANCELLED = '57014';

/** The stored events, newest first. */
export class LatestEvents {
  constructor(private readonly database: Database) {}

  /** Of these types, all when null, after a position. Null when the database did not find them within `timeoutMs`. */
  async page(
    tenant: string,
    patterns: readonly string[] | null,
    after: Position | null,
    limit: number,
    timeoutMs: number,
  ): Promise<LatestEvent[] | null> {
    const where = new Where().and('tenant = ?', tenant);
    ofTypes(where, patterns);
    where.and('(accepted_at, event_key) < (?, ?)', after?.at, after?.id);
    try {
      return await this.database.transaction(async (tx) => {
        await tx.query(`SET LOCAL statement_timeout = ${Math.max(1, Math.round(timeoutMs))}`);
        return tx.query<LatestEvent[]>(
          `SELECT event_key, event_id, type, accepted_at, attributes, data FROM events
           WHERE ${where} ORDER BY accepted_at DESC, event_key DESC LIMIT ${limit}`,
          where.parameters,
        );
      });
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === CANCELLED) return null;
      throw error;
    }
  }
}

const ofTypes = (where: Where, patterns: readonly string[] | null): void => {
  const parsed = (patterns ?? ['*']).map(parseTypePattern);
  if (parsed.some(({ kind }) => kind === 'any')) return;
  const exact = parsed.flatMap((pattern) => (pattern.kind === 'exact' ? [pattern.type] : []));
  const prefixes = parsed.flatMap((pattern) => (pattern.kind === 'prefix' ? [pattern.prefix] : []));
  where.and(
    `(type = ANY(?) OR EXISTS (
       SELECT 1 FROM unnest(?::text[]) AS prefix WHERE starts_with(type, prefix) AND length(type) > length(prefix)))`,
    exact,
    prefixes,
  );
};
