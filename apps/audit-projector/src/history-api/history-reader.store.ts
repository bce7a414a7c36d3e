import type { Database, Transaction } from '@millrace/postgres';
import { subjectBytes } from '../projections/deliveries/delivery.store';
import type { Position } from './cursor';
import type { DeliveryListQuery, EventListQuery } from './history-query';
import { Where } from './where.store';

/** A row as the client hands it over: bigint columns are text. */
export interface StoredDelivery {
  readonly delivery_id: string;
  readonly created_at: string;
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly event_key: string;
  readonly event_type: string;
  readonly contract: string;
  readonly contract_version: number;
  readonly trigger: 'event' | 'test' | 'recovery';
  readonly accepted_at: string;
  readonly body_sha256: string;
  readonly body_variant: string | null;
  readonly subject: Buffer | null;
  readonly epoch: number;
  readonly sequence: string | null;
  readonly previous_event_id: string | null;
  readonly behind: string;
  readonly rank: number;
  readonly state_at: string;
  readonly status: string;
  readonly next_attempt_at: string;
  readonly reason: string;
  readonly attempt_count: string;
  readonly request_count: string;
  readonly last_outcome: string | null;
  /** HTTP status of the last answer; null when there was none. */
  readonly last_status: number | null;
}

export interface StoredAttempt {
  readonly request_id: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly trace_id: string;
  readonly announced_at: string | null;
  readonly announced_url: Buffer | null;
  readonly finished_at: string | null;
  readonly started_at: string | null;
  readonly duration_ms: number | null;
  readonly outcome: string | null;
  readonly response_status: number | null;
  readonly detail: Buffer | null;
  readonly response_body: Buffer | null;
}

export interface StoredCommand {
  readonly command_id: string;
  readonly command: string;
  readonly by: string;
  readonly result: string;
  readonly reason: string;
  readonly answered_at: string;
}

export interface StoredRejection {
  readonly code: string;
  readonly rejected_at: string;
  /** JSON. */
  readonly detail: Buffer;
}

export interface StoredEvent {
  readonly event_key: string;
  readonly event_id: string;
  readonly type: string;
  readonly accepted_at: string;
  readonly attributes: Buffer;
  readonly data: Buffer;
}

const DELIVERY = `d.delivery_id, d.created_at, d.endpoint_id, d.event_id, d.event_key, d.event_type, d.contract,
  d.contract_version, d.trigger, d.accepted_at, d.body_sha256, d.body_variant, d.subject,
  d.epoch, d.sequence, d.previous_event_id, d.behind, d.rank, d.state_at, d.status, d.next_attempt_at, d.reason,
  a.attempt_count, a.request_count, a.last_outcome, a.last_status`;

/** Counted from the attempts: see the rule of delivery.projection.ts. */
const ATTEMPTS_OF = `LEFT JOIN LATERAL (
    SELECT count(DISTINCT (epoch, attempt)) AS attempt_count, count(*) AS request_count,
      (array_agg(outcome ORDER BY epoch DESC, attempt DESC, finished_at DESC, request_id)
        FILTER (WHERE finished_at IS NOT NULL))[1] AS last_outcome,
      (array_agg(response_status ORDER BY epoch DESC, attempt DESC, finished_at DESC, request_id)
        FILTER (WHERE finished_at IS NOT NULL))[1] AS last_status
    FROM attempts WHERE attempts.tenant = d.tenant AND attempts.delivery_id = d.delivery_id
  ) a ON true`;

const EVENT = 'event_key, event_id, type, accepted_at, attributes, data';

/** Reads of the history. Every query begins with the tenant; a delivery is visible once its `created` is there. */
export class HistoryReader {
  constructor(private readonly database: Database | Transaction) {}

  /** Reads that belong together see the history as it was at one moment. */
  atOneMoment<T>(read: (reader: HistoryReader) => Promise<T>): Promise<T> {
    return this.database.transaction('REPEATABLE READ', (tx) => read(new HistoryReader(tx)));
  }

  deliveries(
    tenant: string,
    query: DeliveryListQuery,
    after: Position | null,
    limit: number,
  ): Promise<StoredDelivery[]> {
    const where = new Where()
      .and('d.tenant = ?', tenant)
      .and('d.created_at IS NOT NULL')
      .and('d.endpoint_id = ?', query.endpointId)
      .and('d.contract = ?', query.contract)
      .and('d.event_type = ?', query.eventType)
      .and('d.event_id = ?', query.eventId)
      .and('d.status = ?', query.status)
      .and('d.subject = ?', subjectBytes(query.subject ?? null) ?? undefined)
      .and('d.trigger = ?', query.trigger)
      .and('d.created_at >= ?', query.from)
      .and('d.created_at < ?', query.to)
      .and('(d.created_at, d.delivery_id) < (?, ?)', after?.at, after?.id);
    return this.database.query(
      `SELECT ${DELIVERY} FROM (
         SELECT * FROM deliveries d WHERE ${where} ORDER BY d.created_at DESC, d.delivery_id DESC LIMIT ${limit}
       ) d ${ATTEMPTS_OF} ORDER BY d.created_at DESC, d.delivery_id DESC`,
      where.parameters,
    );
  }

  async delivery(tenant: string, id: string): Promise<StoredDelivery | undefined> {
    const rows = await this.database.query<StoredDelivery[]>(
      `SELECT ${DELIVERY} FROM deliveries d ${ATTEMPTS_OF}
       WHERE d.tenant = $1 AND d.delivery_id = $2 AND d.created_at IS NOT NULL`,
      [tenant, id],
    );
    return rows[0];
  }

  deliveriesOfEvent(tenant: string, event: StoredEvent, limit: number): Promise<StoredDelivery[]> {
    return this.database.query(
      `SELECT ${DELIVERY} FROM deliveries d ${ATTEMPTS_OF}
       WHERE d.tenant = $1 AND d.event_id = $2 AND d.event_key = $3
       ORDER BY d.created_at DESC, d.delivery_id DESC LIMIT ${limit}`,
      [tenant, event.event_id, event.event_key],
    );
  }

  attempts(tenant: string, deliveryId: string): Promise<StoredAttempt[]> {
    return this.database.query(
      `SELECT request_id, epoch, attempt, trace_id, announced_at, announced_url, finished_at, started_at, duration_ms,
         outcome, response_status, detail, response_body
       FROM attempts WHERE tenant = $1 AND delivery_id = $2
       ORDER BY epoch, attempt, COALESCE(started_at, announced_at), request_id LIMIT 1000`,
      [tenant, deliveryId],
    );
  }

  /** Oldest first. */
  commands(tenant: string, deliveryId: string): Promise<StoredCommand[]> {
    return this.database.query(
      `SELECT command_id, command, by, result, reason, answered_at FROM commands
       WHERE tenant = $1 AND delivery_id = $2 ORDER BY answered_at, command_id LIMIT 1000`,
      [tenant, deliveryId],
    );
  }

  events(tenant: string, query: EventListQuery, after: Position | null, limit: number): Promise<StoredEvent[]> {
    const where = new Where()
      .and('tenant = ?', tenant)
      .and('type = ?', query.type)
      .and('accepted_at >= ?', query.from)
      .and('accepted_at < ?', query.to)
      .and('(accepted_at, event_key) < (?, ?)', after?.at, after?.id);
    return this.database.query(
      `SELECT ${EVENT} FROM events WHERE ${where} ORDER BY accepted_at DESC, event_key DESC LIMIT ${limit}`,
      where.parameters,
    );
  }

  /** By the id that people know. Two sources may have used one id: the one accepted first. */
  async eventById(tenant: string, id: string): Promise<StoredEvent | undefined> {
    const rows = await this.database.query<StoredEvent[]>(
      `SELECT ${EVENT} FROM events WHERE tenant = $1 AND event_id = $2 ORDER BY accepted_at, event_key LIMIT 1`,
      [tenant, id],
    );
    return rows[0];
  }

  /** Those of several deliveries, in any order. */
  eventsOfDeliveries(
    tenant: string,
    of: ReadonlyArray<{ readonly eventKey: string; readonly day: string }>,
  ): Promise<StoredEvent[]> {
    return this.database.query(
      `SELECT ${EVENT} FROM events
       WHERE tenant = $1 AND (day, event_key) IN (SELECT * FROM unnest($2::date[], $3::text[]))`,
      [tenant, of.map(({ day }) => day), of.map(({ eventKey }) => eventKey)],
    );
  }

  /** What of the event stands in the quarantine, oldest first. */
  rejectionsOfEvent(tenant: string, eventKey: string): Promise<StoredRejection[]> {
    return this.database.query(
      `SELECT code, rejected_at, detail FROM rejections
       WHERE tenant = $1 AND event_key = $2 AND event_key IS NOT NULL ORDER BY rejected_at, record_offset LIMIT 50`,
      [tenant, eventKey],
    );
  }

  /** The copy that a delivery was made from lies in the partition of its day of acceptance. */
  async eventOfDelivery(tenant: string, eventKey: string, day: string): Promise<StoredEvent | undefined> {
    const rows = await this.database.query<StoredEvent[]>(
      `SELECT ${EVENT} FROM events WHERE tenant = $1 AND day = $2 AND event_key = $3`,
      [tenant, day, eventKey],
    );
    return rows[0];
  }
}
