import { CHECKPOINT_TABLES } from '@millrace/postgres';

/**
 * The tables of the history, in the schema that the connection's search path names: `history` for the service, a side
 * schema for a rebuild. Text is in collation C, so that the merges order it byte by byte, as the folds do. Events,
 * deliveries and attempts are partitioned by day; their partitions are made as days come (see day-partitions.store.ts).
 */
const word = 'text COLLATE "C"';

export const HISTORY_TABLES: readonly string[] = [
  ...CHECKPOINT_TABLES.up,
  `CREATE TABLE events (
    tenant ${word} NOT NULL,
    day date NOT NULL,
    event_key ${word} NOT NULL,
    event_id ${word} NOT NULL,
    type ${word} NOT NULL,
    accepted_at bigint NOT NULL,
    topic ${word} NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    attributes bytea NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (tenant, day, event_key)
  ) PARTITION BY RANGE (day)`,
  'CREATE INDEX events_by_acceptance ON events (tenant, accepted_at, event_key)',
  'CREATE INDEX events_by_id ON events (tenant, event_id)',
  `CREATE TABLE deliveries (
    tenant ${word} NOT NULL,
    delivery_id uuid NOT NULL,
    created_at bigint,
    created_tie ${word},
    endpoint_id ${word},
    event_id ${word},
    event_key ${word},
    event_type ${word},
    contract ${word},
    contract_version integer,
    trigger ${word},
    trigger_id ${word},
    accepted_at bigint,
    body_sha256 ${word},
    trace_id ${word},
    epoch integer NOT NULL,
    attempt integer NOT NULL,
    rank integer NOT NULL,
    state_at bigint NOT NULL,
    status ${word} NOT NULL,
    next_attempt_at bigint NOT NULL,
    reason ${word} NOT NULL,
    PRIMARY KEY (tenant, delivery_id)
  ) PARTITION BY RANGE (delivery_id)`,
  'CREATE INDEX deliveries_by_creation ON deliveries (tenant, created_at, delivery_id)',
  'CREATE INDEX deliveries_by_endpoint ON deliveries (tenant, endpoint_id, created_at, delivery_id)',
  'CREATE INDEX deliveries_by_event ON deliveries (tenant, event_id)',
  `CREATE TABLE attempts (
    tenant ${word} NOT NULL,
    delivery_id uuid NOT NULL,
    request_id uuid NOT NULL,
    epoch integer NOT NULL,
    attempt integer NOT NULL,
    trace_id ${word} NOT NULL,
    span_id ${word} NOT NULL,
    announced_at bigint,
    announced_url bytea,
    finished_at bigint,
    finished_tie ${word},
    started_at bigint,
    duration_ms integer,
    outcome ${word},
    response_status integer,
    detail bytea,
    response_body bytea,
    PRIMARY KEY (tenant, delivery_id, request_id)
  ) PARTITION BY RANGE (delivery_id)`,
  `CREATE TABLE rejections (
    topic ${word} NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    day date NOT NULL,
    rejected_at bigint NOT NULL,
    code ${word} NOT NULL,
    detail bytea NOT NULL,
    value bytea,
    value_bytes integer NOT NULL,
    PRIMARY KEY (topic, partition, record_offset)
  )`,
  `CREATE TABLE refused_facts (
    topic ${word} NOT NULL,
    partition integer NOT NULL,
    record_offset bigint NOT NULL,
    fact_index integer NOT NULL,
    reason text NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (topic, partition, record_offset, fact_index)
  )`,
];

/** The read models, for a comparison of two schemas; the checkpoints are not among them. */
export const READ_MODELS = [
  'events',
  'deliveries',
  'attempts',
  'commands',
  'rejections',
  'quarantine_actions',
  'refused_facts',
] as const;
