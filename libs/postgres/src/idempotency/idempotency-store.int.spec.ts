import { testEnvironment } from '@millrace/test-environment';
import { createDatabase, type Database } from '../database/database';
import { inTransaction } from '../database/transaction';
import {
  ClaimLost,
  IDEMPOTENCY_TABLES,
  type IdempotencyClaim,
  IdempotencyStore,
  type IdempotentRequest,
  requestHash,
} from './idempotency-store';

const sealing = {
  seal: (_: IdempotentRequest, text: string) => `sealed:${Buffer.from(text).toString('base64')}`,
  open: (_: IdempotentRequest, sealed: string) => Buffer.from(sealed.slice(7), 'base64').toString(),
};

describe('idempotency keys on PostgreSQL', () => {
  let database: Database;
  let store: IdempotencyStore;
  const request = (overrides: Partial<IdempotentRequest> & { body?: string } = {}): IdempotentRequest => ({
    tenant: 'default',
    key: 'k1',
    route: 'POST /v1/endpoints',
    requestHash: requestHash(overrides.body ?? 'body'),
    ...overrides,
  });
  const claim = async (overrides?: Parameters<typeof request>[0]): Promise<IdempotencyClaim> => {
    const decision = await store.begin(request(overrides));
    if (decision.kind !== 'proceed') throw new Error(`expected to proceed, got ${decision.kind}`);
    return decision.claim;
  };

  beforeEach(async () => {
    const url = await (await testEnvironment()).freshDatabase();
    database = await createDatabase({ url, schema: 'public', applicationName: 'test' }).initialize();
    for (const statement of IDEMPOTENCY_TABLES.up) await database.query(statement);
    store = new IdempotencyStore(database, sealing);
  });
  afterEach(() => database.destroy());

  it('gives the same answer to the same request', async () => {
    await store.complete(await claim(), { status: 201, body: { id: 'ep_1', secret: 'whsec_x' } });
    expect(await store.begin(request())).toEqual({
      kind: 'replay',
      response: { status: 201, body: { id: 'ep_1', secret: 'whsec_x' } },
    });
  });

  it('stores the response only as it was sealed', async () => {
    await store.complete(await claim(), { status: 201, body: { secret: 'whsec_x' } });
    expect(JSON.stringify(await database.query('SELECT * FROM idempotency'))).not.toContain('whsec_x');
  });

  it('refuses the key for another request, also while the first is under way', async () => {
    const first = await claim();
    expect(await store.begin(request({ body: 'other' }))).toEqual({ kind: 'conflict' });
    await store.complete(first, { status: 200, body: null });
    expect(await store.begin(request({ body: 'other' }))).toEqual({ kind: 'conflict' });
  });

  it('tells a repeat that the first is under way', async () => {
    await claim();
    expect(await store.begin(request())).toEqual({ kind: 'in_progress' });
  });

  it.each<[string, Partial<IdempotentRequest>]>([
    ['tenant', { tenant: 'other' }],
    ['route', { route: 'POST /v1/api-keys' }],
    ['key', { key: 'k2' }],
  ])('another %s is another request', async (_, overrides) => {
    await claim();
    expect((await store.begin(request(overrides))).kind).toBe('proceed');
  });

  it('may be used again after a failure, with a corrected request', async () => {
    await store.release(await claim());
    expect((await store.begin(request({ body: 'corrected' }))).kind).toBe('proceed');
  });

  it('of fifty at once one carries it out', async () => {
    const decisions = await Promise.all(Array.from({ length: 50 }, () => store.begin(request())));
    expect(decisions.filter(({ kind }) => kind === 'proceed')).toHaveLength(1);
    expect(decisions.filter(({ kind }) => kind === 'in_progress')).toHaveLength(49);
  });

  it('a process that died gives its claim up after a minute, and can no longer complete it', async () => {
    const dead = await claim();
    await database.query("UPDATE idempotency SET claimed_until = now() - interval '1 second'");
    const heir = await claim();
    await expect(
      inTransaction(database, (tx) => store.complete(dead, { status: 201, body: 'dead' }, tx)),
    ).rejects.toBeInstanceOf(ClaimLost);
    await store.complete(heir, { status: 201, body: 'heir' });
    expect(await store.begin(request())).toMatchObject({ kind: 'replay', response: { body: 'heir' } });
  });

  it('a response that was completed in a transaction goes back with it', async () => {
    const held = await claim();
    await expect(
      inTransaction(database, async (tx) => {
        await store.complete(held, { status: 201, body: 'x' }, tx);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await store.begin(request())).toEqual({ kind: 'in_progress' });
  });

  it('is forgotten after 24 hours', async () => {
    await store.complete(await claim(), { status: 201, body: 'x' });
    await database.query("UPDATE idempotency SET expires_at = now() - interval '1 second'");
    expect((await store.begin(request({ body: 'other' }))).kind).toBe('proceed');
  });
});
