import { decodeSignal, type OutgoingMessage } from '@millrace/protocol';
import { IdempotencyKeys } from '../../idempotency/idempotency-keys';
import { AcceptSignalsHandler } from './accept-signals.handler';

const begin = () => {
  const published: OutgoingMessage[] = [];
  const handler = new AcceptSignalsHandler({
    publisher: { publish: async (messages) => void published.push(...messages) },
    clock: () => Date.parse('2026-02-17T13:00:00Z'),
    keys: new IdempotencyKeys(),
    topic: 'm.signals',
    told: { received: () => undefined, unavailable: () => undefined },
  });
  const post = (body: unknown, idempotencyKey: string | null = 'k-1', tenant = 'acme') =>
    handler.accept({ tenant, body: Buffer.from(JSON.stringify(body)), idempotencyKey, traceparent: null });
  /** Where each published signal stands in the numbering of its request. */
  const places = () =>
    published.map(({ topic, key, value, headers }) => {
      const read = decodeSignal({
        topic,
        partition: 0,
        offset: 0n,
        timestamp: 0,
        key: Buffer.from(key!),
        value: value!,
        headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
      });
      if (read.kind === 'refused') throw new Error(read.detail);
      return `${read.signal.session}/${read.signal.seq}`;
    });
  return { post, published, places };
};

const signal = { machine: 'RF-1', path: 'execution', value: 'ACTIVE' };

describe('the Idempotency-Key', () => {
  it('gives a repeat the same places, so it has no second effect', async () => {
    const { post, places } = begin();
    expect(await post([signal, signal])).toEqual(await post([signal, signal]));
    expect(places().slice(2)).toEqual(places().slice(0, 2));
    expect(new Set(places()).size).toBe(2);
  });

  it('is refused with another body, and takes the correction of a refused one', async () => {
    const { post, published } = begin();
    expect(await post({})).toMatchObject({ kind: 'problem', problem: { code: 'invalid_request' } });
    expect(await post(signal)).toMatchObject({ kind: 'accepted' });
    expect(await post({ ...signal, value: 'READY' })).toMatchObject({
      kind: 'problem',
      problem: { status: 409, code: 'idempotency_conflict' },
    });
    expect(await post({})).toMatchObject({ kind: 'problem', problem: { code: 'idempotency_conflict' } });
    expect(await post({ ...signal, value: 'READY' }, 'k-1', 'other')).toMatchObject({ kind: 'accepted' });
    expect(published).toHaveLength(2);
  });

  it('gives another body places of its own when the first is forgotten', async () => {
    const [before, after] = [begin(), begin()];
    await before.post(signal);
    await after.post({ ...signal, value: 'READY' });
    expect(after.places()).not.toEqual(before.places());
  });

  it('of any length tells requests apart', async () => {
    const { post, places } = begin();
    for (const end of ['a', 'b']) await post(signal, 'k'.repeat(200) + end);
    expect(new Set(places()).size).toBe(2);
  });
});
