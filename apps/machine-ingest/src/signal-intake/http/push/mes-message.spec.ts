import { createHmac } from 'node:crypto';
import { contractNamed, importEndpointKey } from '@millrace/domain';
import { receiving } from './push.fixture';

const secret = 'test-secret-0123456789';
const now = Date.parse('2024-01-15T14:30:02Z');
const settings = { format: 'mes-events', machine: 'mes', secret };
const sign = (body: string, key = secret) => createHmac('sha256', key).update(body).digest('hex');
const event = (over: object = {}) =>
  JSON.stringify({
    id: 'evt-123',
    type: 'work_order.completed',
    timestamp: '2024-01-15T14:30:00Z',
    data: { workOrder: { id: 'wo-123', status: 'COMPLETED' } },
    ...over,
  });

describe('a message of the MES', () => {
  it('signed as the MES signs is one signal under the type of its event', async () => {
    const { post, signals } = receiving(settings, now);
    const signature = '2095ac2955f11b942962624d681b2ed77905ce6194f7c4fb8f198f5c815f20f1';
    expect(await post(event(), { signature })).toEqual({ kind: 'received', body: { accepted: 1, rejected: [] } });
    expect(signals()[0]).toMatchObject({
      machine: 'mes',
      path: 'work_order.completed',
      type: 'json',
      seq: null,
      sourceTs: '2024-01-15T14:30:00Z',
      value: { id: 'evt-123', data: { workOrder: { id: 'wo-123' } } },
    });
  });

  it('as the contract of the MES sends it is understood', async () => {
    const { post, signals } = receiving(settings, now);
    const contract = contractNamed('mes')!;
    const rendered = contract.render(
      {
        id: 'evt-9',
        type: 'operation.started',
        time: '2024-01-15T14:29:00Z',
        data: '{"operation":{"id":"op-1","workOrderId":"wo-1"}}',
      } as Parameters<typeof contract.render>[0],
      {} as never,
    );
    if (rendered.kind !== 'body') throw new Error('not rendered');
    const headers = contract.headers({
      keys: [importEndpointKey(secret)],
      body: rendered.body,
    } as unknown as Parameters<typeof contract.headers>[0]);
    const signature = Object.fromEntries(headers)['x-mes-signature'];
    expect(await post(Buffer.from(rendered.body), { signature })).toMatchObject({ kind: 'received' });
    expect(signals()[0]!.path).toBe('operation.started');
  });

  it.each<[string, string | undefined]>([
    ['no signature', undefined],
    ['another secret', sign(event(), 'another-secret-0123')],
    ['the signature of another body', sign(event({ id: 'evt-124' }))],
    ['half of it', sign(event()).slice(0, 32)],
    ['no hex', 'z'.repeat(64)],
    ['a prefix', `sha256=${sign(event())}`],
    ['nothing', ''],
  ])('with %s leaves nothing behind', async (_, signature) => {
    const { post, signals, quarantined, told } = receiving(settings, now);
    expect(await post(event(), { signature })).toEqual({ kind: 'unsigned' });
    expect([signals(), quarantined(), told]).toEqual([[], [], []]);
  });

  it('is refused while the secret is not known', async () => {
    const { post } = receiving({ ...settings, secret: null }, now);
    expect(await post(event(), { signature: sign(event()) })).toEqual({ kind: 'unsigned' });
  });

  it.each<[string, string]>([
    ['no id', event({ id: '' })],
    ['an id that is a number', event({ id: 7 })],
    ['no type', event({ type: undefined })],
    ['a type of Millrace itself', event({ type: '$lifecycle' })],
    ['no time', event({ timestamp: 'noon' })],
    ['data that is no object', event({ data: [] })],
    ['a time that is too long ago', event({ timestamp: '2024-01-06T14:30:00Z' })],
    ['no JSON', '{"id":'],
    ['a list', '[]'],
    ['much nesting', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
  ])('signed, with %s, is quarantined', async (_, body) => {
    const { post, signals, quarantined } = receiving(settings, now);
    expect(await post(body, { signature: sign(body) })).toMatchObject({ kind: 'problem' });
    expect([signals().length, quarantined().length]).toEqual([0, 1]);
  });

  it('that was tried for seven days is still taken', async () => {
    const { post } = receiving(settings, now);
    const body = event({ timestamp: '2024-01-08T14:00:00Z' });
    expect(await post(body, { signature: sign(body) })).toMatchObject({ kind: 'received' });
  });
});
