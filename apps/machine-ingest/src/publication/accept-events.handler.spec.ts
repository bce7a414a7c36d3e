import type { OutgoingMessage } from '@millrace/protocol';
import { IdempotencyKeys } from '../idempotency/idempotency-keys';
import { type AcceptEvents, AcceptEventsHandler, type AcceptEventsPorts } from './accept-events.handler';
import { idempotentEventId, timeOrderedEventId } from './event-ids';

const begin = (publish: AcceptEventsPorts['publisher']['publish'] = async () => undefined) => {
  const published: OutgoingMessage[][] = [];
  let now = Date.parse('2026-02-17T13:00:00Z');
  let dice = 0;
  const handler = new AcceptEventsHandler({
    publisher: {
      publish: async (messages) => {
        published.push([...messages]);
        await publish(messages);
      },
    },
    rules: {
      judge: ({ type }) =>
        type === 'bad' || type === 'odd'
          ? { path: 'data', detail: 'must be object', version: 1, validation: type === 'bad' ? 'reject' : 'warn' }
          : null,
      caughtUp: async () => undefined,
    },
    trace: {
      begin: (_event, request) => ({ traceparent: request ?? '00-root', end: () => undefined }),
    },
    clock: () => now++,
    random: (bytes) => Buffer.alloc(bytes, ++dice),
    keys: new IdempotencyKeys(),
    topicOf: (module) => `m.events.${module}`,
    told: { accepted: () => undefined, refused: () => undefined, unavailable: () => undefined },
  });
  const post = (body: string, over: Partial<AcceptEvents> = {}) =>
    handler.accept({
      tenant: 'acme',
      contentType: 'application/json',
      headers: {},
      body: Buffer.from(body),
      idempotencyKey: null,
      traceparent: null,
      ...over,
    });
  return { post, published };
};

describe('accepting events', () => {
  it('publishes to the topic of the module, keyed by subject, with the trace of the request', async () => {
    const { post, published } = begin();
    const answer = await post(
      '[{"type":"machine.alarm","data":1,"subject":"RF-1"},{"type":"order.created","data":2,"id":"o-1"}]',
      {
        traceparent: '00-of-the-request',
      },
    );
    expect(answer).toEqual({
      kind: 'accepted',
      body: { events: [{ id: expect.stringMatching(/^evt_[0-9a-z]{26}$/) }, { id: 'o-1' }] },
    });
    expect(published).toHaveLength(1);
    expect(published[0]!.map(({ topic, key, headers }) => [topic, key, headers['traceparent']])).toEqual([
      ['m.events.mes', 'RF-1', '00-of-the-request'],
      ['m.events.order', 'o-1', '00-of-the-request'],
    ]);
  });

  it('publishes nothing of a request with one wrong event', async () => {
    const { post, published } = begin();
    expect(await post('[{"type":"a","data":1},{"type":"a"}]')).toMatchObject({
      kind: 'problem',
      problem: { status: 422 },
    });
    expect(published).toEqual([]);
  });

  it('publishes nothing of a request with an event that its type rejects, and gives its key back', async () => {
    const { post, published } = begin();
    const key = { idempotencyKey: 'k' };
    expect(await post('[{"type":"a","data":1},{"type":"bad","data":1}]', key)).toMatchObject({
      kind: 'problem',
      problem: { status: 422, code: 'invalid_event', errors: [{ path: '[1].data', code: 'schema_violation' }] },
    });
    expect(published).toEqual([]);
    expect(await post('{"type":"a","data":1}', key)).toMatchObject({ kind: 'accepted' });
  });

  it('publishes what its type only warns about, and says so', async () => {
    const { post, published } = begin();
    expect(await post('[{"type":"a","data":1,"id":"a-1"},{"type":"odd","data":1,"id":"o-1"}]')).toEqual({
      kind: 'accepted',
      body: { events: [{ id: 'a-1' }, { id: 'o-1', warnings: [{ path: 'data', detail: 'must be object' }] }] },
    });
    expect(published[0]).toHaveLength(2);
  });

  it('answers 503 when Kafka does not acknowledge', async () => {
    const { post } = begin(() => Promise.reject(new Error('full')));
    expect(await post('{"type":"a","data":1}')).toMatchObject({
      kind: 'problem',
      problem: { status: 503, code: 'unavailable' },
      retryAfterSeconds: expect.any(Number),
    });
  });
});

describe('the Idempotency-Key', () => {
  const key = { idempotencyKey: 'k-1' };
  it('makes a repeat the same records, time included', async () => {
    const { post, published } = begin();
    const body = '[{"type":"a","data":1},{"type":"a","data":1}]';
    const first = await post(body, key);
    expect(await post(body, key)).toEqual(first);
    expect(published[1]).toEqual(published[0]);
    expect(new Set(published[0]!.map(({ headers }) => headers['ce_id'])).size).toBe(2);
  });
  it('gives the same ids after a restart, and others to another tenant', async () => {
    const body = '{"type":"a","data":1}';
    const ids = await Promise.all([
      begin().post(body, key),
      begin().post(body, key),
      begin().post(body, { ...key, tenant: 'b' }),
    ]);
    expect(ids[1]).toEqual(ids[0]);
    expect(ids[2]).not.toEqual(ids[0]);
  });
  it('gives another body ids of its own when the first is forgotten', async () => {
    const [first, other] = await Promise.all(
      ['1', '2'].map((data) => begin().post(`{"type":"a","data":${data}}`, key)),
    );
    expect(first).toMatchObject({ kind: 'accepted' });
    expect(other).toMatchObject({ kind: 'accepted' });
    expect(other).not.toEqual(first);
  });
  it('refuses another body under the same key, or the same body as another form', async () => {
    const { post, published } = begin();
    await post('{"type":"a","data":1}', key);
    const conflict = { kind: 'problem', problem: { status: 409, code: 'idempotency_conflict' } };
    expect(await post('{"type":"a","data":2}', key)).toMatchObject(conflict);
    expect(await post('{"type":"a","data":1}', { ...key, headers: { 'ce-specversion': '1.0' } })).toMatchObject(
      conflict,
    );
    expect(published).toHaveLength(1);
  });
  it('may be used again for the correction of a refused request', async () => {
    const { post } = begin();
    await post('{"type":"a"}', key);
    expect(await post('{"type":"a","data":1}', key)).toMatchObject({ kind: 'accepted' });
  });
  it('is remembered within bounds', () => {
    const keys = new IdempotencyKeys(3);
    for (let n = 0; n < 10; n++) keys.remember('t', `${n}`, { fingerprint: `${n}`, acceptedAt: '' });
    expect(keys.size).toBe(3);
    expect(keys.remember('t', '9', { fingerprint: 'x', acceptedAt: '' }).fingerprint).toBe('9');
    expect(keys.remember('t', '0', { fingerprint: 'x', acceptedAt: '' }).fingerprint).toBe('x');
  });
});

describe('generated ids', () => {
  it('sort by time', () => {
    const ids = [1, 5, 1_700_000_000_000, 1_700_000_000_001].map((ms) => timeOrderedEventId(ms, Buffer.alloc(10, 255)));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(4);
  });
  it('of a key are fixed for all time', () => {
    expect(idempotentEventId('default', 'k', 'f', 0)).toBe('evt_zsc467c882h1vay8e1akvgf94e');
  });
});
