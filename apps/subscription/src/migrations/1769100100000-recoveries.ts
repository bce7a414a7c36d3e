import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Recovery jobs: what was asked, and the latest progress that the delivery service told. */
export class Recoveries1769100100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `CREATE TABLE recovery (
        tenant           text NOT NULL,
        id               text COLLATE "C" NOT NULL,
        endpoint_id      text COLLATE "C" NOT NULL,
        scope            text NOT NULL,
        since            timestamptz NOT NULL,
        until            timestamptz NOT NULL,
        event_types      text[],
        dry_run          boolean NOT NULL,
        per_second       double precision NOT NULL,
        wanted           text NOT NULL,
        version          integer NOT NULL,
        state            text NOT NULL,
        examined         bigint NOT NULL,
        qualified        bigint NOT NULL,
        sent             bigint NOT NULL,
        error            text,
        progress_version integer NOT NULL,
        progress_at      timestamptz,
        created_by       text NOT NULL,
        created_at       timestamptz NOT NULL,
        updated_at       timestamptz NOT NULL,
        CONSTRAINT recovery_pkey PRIMARY KEY (tenant, id)
      )`,
      // the list of one endpoint, and its open jobs
      'CREATE INDEX recovery_of_endpoint ON recovery (tenant, endpoint_id, id)',
      // the wall of the tenants, as for every table of theirs
      'ALTER TABLE recovery ENABLE ROW LEVEL SECURITY',
      'ALTER TABLE recovery FORCE ROW LEVEL SECURITY',
      `CREATE POLICY recovery_of_tenant ON recovery USING (tenant = current_setting('millrace.tenant', true))`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE recovery');
  }
}
