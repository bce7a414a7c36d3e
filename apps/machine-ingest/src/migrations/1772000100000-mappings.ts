import { tenantWall } from '@millrace/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = ['mapping', 'mapping_version', 'mapped_machine'];

export class Mappings1772000100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `CREATE TABLE mapping (
        tenant       text NOT NULL,
        name         text COLLATE "C" NOT NULL,
        active       integer,
        latest       integer NOT NULL,
        created_at   timestamptz NOT NULL,
        activated_at timestamptz NOT NULL,
        CONSTRAINT mapping_pkey PRIMARY KEY (tenant, name)
      )`,
      `CREATE TABLE mapping_version (
        tenant     text NOT NULL,
        name       text COLLATE "C" NOT NULL,
        version    integer NOT NULL,
        hash       text NOT NULL,
        format     text NOT NULL,
        text       text NOT NULL,
        machines   json NOT NULL,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        CONSTRAINT mapping_version_pkey PRIMARY KEY (tenant, name, version),
        CONSTRAINT mapping_version_hash UNIQUE (tenant, name, hash)
      )`,
      `CREATE TABLE mapped_machine (
        tenant  text NOT NULL,
        machine text COLLATE "C" NOT NULL,
        mapping text COLLATE "C" NOT NULL,
        CONSTRAINT mapped_machine_pkey PRIMARY KEY (tenant, machine)
      )`,
      'CREATE INDEX mapped_machine_of_mapping ON mapped_machine (tenant, mapping)',
      ...TABLES.flatMap(tenantWall),
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...TABLES].reverse()) await runner.query(`DROP TABLE ${table}`);
  }
}
