import { testEnvironment } from '@millrace/test-environment';
import { Column, Entity } from 'typeorm';
import { createDatabase, type Database } from '../database/database';
import { inTenant, tenantWall } from '../database/tenant-transaction';
import { AuditEntryColumns } from './audit-entry.entity';
import { AuditLogStore, auditTransaction } from './audit-log.store';

/** An audit log that says more than every one does. */
@Entity({ name: 'audit_entry' })
class DoorEntryEntity extends AuditEntryColumns<'door.opened' | 'door.closed'> {
  @Column({ type: 'text' })
  key: string;
}

let database: Database;
let log: AuditLogStore<DoorEntryEntity>;

beforeAll(async () => {
  const url = await (await testEnvironment()).freshDatabase();
  const settings = { url, schema: 'public', applicationName: 'test', entities: [DoorEntryEntity] };
  database = await createDatabase(settings).initialize();
  await database.query(`CREATE TABLE audit_entry (
    tenant text, id text COLLATE "C", at timestamptz, actor text, action text, object text, key text, PRIMARY KEY (tenant, id)
  )`);
  for (const statement of tenantWall('audit_entry')) await database.query(statement);
  log = new AuditLogStore(database, DoorEntryEntity);
});
afterAll(() => database.destroy());

const entry = (n: number) => ({
  id: `au_${n}`,
  at: new Date(Date.UTC(2026, 0, n)),
  actor: 'k1',
  action: 'door.opened' as const,
  object: `D-${n}`,
  key: `key ${n}`,
});

const write = (tenant: string, n: number, andThen: () => void = () => undefined) =>
  inTenant(database, tenant, async (tx) => {
    await auditTransaction(DoorEntryEntity, tx, tenant).insert(entry(n));
    andThen();
  });

test('entries are read newest first, from any of them on, by their tenant alone', async () => {
  for (const n of [2, 1, 4, 3]) await write('acme', n);
  await write('other', 2);
  expect(await log.list('acme', null, 10)).toEqual([4, 3, 2, 1].map((n) => ({ tenant: 'acme', ...entry(n) })));
  const numbers = async (before: string | null, limit: number) =>
    (await log.list('acme', before, limit)).map(({ id }) => id);
  expect(await numbers(null, 2)).toEqual(['au_4', 'au_3']);
  expect(await numbers('au_3', 2)).toEqual(['au_2', 'au_1']);
  expect(await numbers('au_1', 2)).toEqual([]);
  expect(await log.list('other', null, 10)).toEqual([{ tenant: 'other', ...entry(2) }]);
  expect(await log.list('nobody', null, 10)).toEqual([]);
});

test('an entry is not there without what was done', async () => {
  const failed = write('third', 1, () => {
    throw new Error('the door is stuck');
  });
  await expect(failed).rejects.toThrow('the door is stuck');
  expect(await log.list('third', null, 10)).toEqual([]);
});
