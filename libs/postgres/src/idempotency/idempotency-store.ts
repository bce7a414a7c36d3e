import { createHash, randomUUID } from 'node:crypto';
import type { Database, Transaction } from '../database/database';

/** For a service's own migration. */
export const IDEMPOTENCY_TABLES = {
  up: [
    `CREATE TABLE idempotency (
      tenant       text NOT NULL,
      key          text NOT NULL,
      route        text NOT NULL,
      request_hash bytea NOT NULL,
      claim        uuid NOT NULL,
      claimed_until timestamptz NOT NULL,
      expires_at   timestamptz NOT NULL,
      status       smallint,
      response     text,
      PRIMARY KEY (tenant, key, route)
    )`,
    'CREATE INDEX idempotency_expires_at ON idempotency (expires_at)',
  ],
  down: ['DROP TABLE idempotency'],
} as const;

export interface StoredResponse {
  readonly status: number;
  readonly body: unknown;
}

/** A request that carries an Idempotency-Key. */
export interface IdempotentRequest {
  readonly tenant: string;
  readonly key: string;
  /** Method and path, as in `POST /v1/endpoints`. */
  readonly route: string;
  readonly requestHash: Buffer;
}

/** The right to carry the request out; ends after a minute when neither completed nor released. */
export interface IdempotencyClaim extends IdempotentRequest {
  readonly claim: string;
}

export type IdempotencyDecision =
  | { readonly kind: 'proceed'; readonly claim: IdempotencyClaim }
  | { readonly kind: 'replay'; readonly response: StoredResponse }
  | { readonly kind: 'in_progress' }
  | { readonly kind: 'conflict' };

/** Responses may hold secrets that are shown once, so they are stored only as this makes them. */
export interface ResponseSealing {
  seal(request: IdempotentRequest, text: string): string;
  open(request: IdempotentRequest, sealed: string): string;
}

const KEPT = `interval '24 hours'`;
const CLAIMED = `interval '1 minute'`;
const PURGE_EVERY_MS = 600_000;

/** Hash of what makes two requests the same; the parts are set apart by their lengths. */
export const requestHash = (...parts: ReadonlyArray<string | Buffer>): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest();
};

/**
 * Same key and same request within 24 hours: the same response, once carried out. Same key, other request: a conflict.
 * While the first is under way, and for a minute after its process died, a repeat is told so.
 */
export class IdempotencyStore {
  private purgeAt = 0;

  constructor(
    private readonly database: Database,
    private readonly sealing: ResponseSealing,
  ) {}

  async begin(request: IdempotentRequest): Promise<IdempotencyDecision> {
    await this.purgeNowAndThen();
    const claim = randomUUID();
    const { tenant, key, route } = request;
    for (let attempt = 1; attempt <= 3; attempt++) {
      const claimed = (await this.database.query(
        `INSERT INTO idempotency AS i (tenant, key, route, request_hash, claim, claimed_until, expires_at)
         VALUES ($1, $2, $3, $4, $5, now() + ${CLAIMED}, now() + ${KEPT})
         ON CONFLICT (tenant, key, route) DO UPDATE
           SET request_hash = excluded.request_hash, claim = excluded.claim, claimed_until = excluded.claimed_until,
               expires_at = excluded.expires_at, status = NULL, response = NULL
           WHERE i.expires_at < now()
              OR (i.status IS NULL AND i.claimed_until < now() AND i.request_hash = excluded.request_hash)
         RETURNING 1 AS ok`,
        [tenant, key, route, request.requestHash, claim],
      )) as unknown[];
      if (claimed.length > 0) return { kind: 'proceed', claim: { ...request, claim } };
      const [held] = (await this.database.query(
        'SELECT request_hash, status, response FROM idempotency WHERE tenant = $1 AND key = $2 AND route = $3',
        [tenant, key, route],
      )) as Array<{ request_hash: Buffer; status: number | null; response: string | null }>;
      // released between the two statements: ask again
      if (held === undefined) continue;
      if (!held.request_hash.equals(request.requestHash)) return { kind: 'conflict' };
      if (held.status === null) return { kind: 'in_progress' };
      const body = held.response === null ? undefined : JSON.parse(this.sealing.open(request, held.response));
      return { kind: 'replay', response: { status: held.status, body } };
    }
    return { kind: 'in_progress' };
  }

  /**
   * Stores the response. Given the transaction of the change itself, change and response stand or fall together; a claim
   * that another has taken over meanwhile throws ClaimLost, which rolls the change back.
   */
  async complete(claim: IdempotencyClaim, response: StoredResponse, tx?: Transaction): Promise<void> {
    const text = response.body === undefined ? null : this.sealing.seal(claim, JSON.stringify(response.body));
    const rows = (await (tx ?? this.database).query(
      `WITH kept AS (
         UPDATE idempotency SET status = $5, response = $6
         WHERE tenant = $1 AND key = $2 AND route = $3 AND claim = $4 RETURNING 1
       ) SELECT count(*)::int AS n FROM kept`,
      [claim.tenant, claim.key, claim.route, claim.claim, response.status, text],
    )) as Array<{ n: number }>;
    if (rows[0]?.n !== 1) throw new ClaimLost('The Idempotency-Key was taken over by a repeat of the request.');
  }

  /** The request failed: a repeat may try again. */
  async release(claim: IdempotencyClaim): Promise<void> {
    await this.database.query(
      'DELETE FROM idempotency WHERE tenant = $1 AND key = $2 AND route = $3 AND claim = $4 AND status IS NULL',
      [claim.tenant, claim.key, claim.route, claim.claim],
    );
  }

  private async purgeNowAndThen(): Promise<void> {
    if (performance.now() < this.purgeAt) return;
    this.purgeAt = performance.now() + PURGE_EVERY_MS;
    await this.database.query(
      `DELETE FROM idempotency WHERE (tenant, key, route) IN
         (SELECT tenant, key, route FROM idempotency WHERE expires_at < now() LIMIT 10000)`,
    );
  }
}

export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}
