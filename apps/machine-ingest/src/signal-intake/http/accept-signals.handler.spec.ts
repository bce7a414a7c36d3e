import { ProduceFailed } from '@millrace/kafka';
import { decodeSignal, type OutgoingMessage } from '@millrace/protocol';
import { IdempotencyKeys } from '../../idempotency/idempotency-keys';
import { AcceptSignalsHandler } from './accept-signals.handler';

const begin = () => {
  const published: OutgoingMessage[] = [];
  const kafka: { refuses: Error | null } = { refuses: null };
  const handler = new AcceptSignalsHandler({
    publisher: {
      publish: async (messages) => {
        if (kafka.refuses !== null) throw kafka.refuses;
        published.push(...messages);
      },
    },
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
  return { post, published, places, kafka };
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

describe('a signal that no record can hold', () => {
  const large = { machine: 'RF-1', path: 'image', value: { bytes: 'x'.repeat(2_200_000) } };

  it('is rejected by its index, and the others are taken', async () => {
    const { post, published } = begin();
    expect(await post([signal, large, signal])).toMatchObject({
      kind: 'accepted',
      body: {
        accepted: 2,
        rejected: [
          { index: 1, path: 'value', code: 'too_large', detail: expect.stringMatching(/the limit is 2031616/) },
        ],
      },
    });
    expect(published).toHaveLength(2);
  });

  it('is measured as it is stored, in bytes', async () => {
    const { post } = begin();
    const value = { text: '\u2028'.repeat(700_000) };
    expect(await post({ ...large, value })).toMatchObject({ problem: { status: 413 } });
    expect(await post([signal, { ...large, value: { n: Array(400_000).fill(1) } }], 'k-2')).toMatchObject({
      body: { accepted: 2 },
    });
  });

  it('alone is answered 413', async () => {
    const { post, published } = begin();
    expect(await post(large)).toMatchObject({
      kind: 'problem',
      problem: { status: 413, code: 'too_large', detail: expect.stringMatching(/send less in one value/) },
    });
    expect(published).toEqual([]);
  });

  it('by the measure of a broker with a smaller limit is not asked for again and again', async () => {
    const { post, kafka } = begin();
    kafka.refuses = new ProduceFailed('refused', false, {
      cause: Object.assign(new Error('x'), { type: 'MESSAGE_TOO_LARGE' }),
    });
    const answer = await post(signal);
    expect(answer).toMatchObject({ kind: 'problem', problem: { status: 413, code: 'too_large' } });
    expect(answer).not.toHaveProperty('retryAfterSeconds');
  });
});
