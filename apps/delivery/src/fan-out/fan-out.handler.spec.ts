import { createHash } from 'node:crypto';
import { DEFAULT_OPTIONS, type Endpoint, type Event } from '@millrace/domain';
import { EventRules } from '@millrace/event-schema';
import type { ConsumedRecord } from '@millrace/kafka';
import {
  decodeDelivery,
  decodeFacts,
  decodeRejection,
  encodeEventRule,
  type IncomingMessage,
  isDeliveryFact,
  type OutgoingMessage,
  partitionOfKey,
  topicNames,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { MatchIndex } from '../directory/match-index';
import { FanOutHandler } from './fan-out.handler';

const topics = topicNames('t.');
const NOW = 1_760_000_000_000;

const endpoint = (id: string, eventTypes: string[]): Endpoint => ({
  id,
  tenant: 'default',
  version: 1,
  url: 'https://receiver.example/hook',
  eventTypes,
  filter: null,
  contract: 'standard',
  headers: {},
  status: 'active',
  statusReason: null,
  timeoutMs: null,
  ordering: 'none',
  rateLimit: null,
  retry: null,
  options: DEFAULT_OPTIONS,
  runUrls: false,
  description: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  secrets: [],
});

const world = (endpoints: Endpoint[], partitions = 12) => {
  const rules = new EventRules(() => {});
  const index = new MatchIndex();
  for (const each of endpoints) index.put(each);
  const happened: string[] = [];
  const sent: OutgoingMessage[] = [];
  const handler = new FanOutHandler(
    { topics, partitions, timeScale: 1 },
    {
      directory: {
        match: (event: Event) => {
          happened.push('matched');
          return index.match(event);
        },
        runUrlsOf: (tenant) => index.runUrlsOf(tenant),
        caughtUp: async () => void happened.push('caught up'),
      },
      rules: {
        judge: (event) => rules.judge(event),
        caughtUp: async () => void happened.push('rules caught up'),
      },
      checkDestination: (url) =>
        url.startsWith('https://') ? { ok: true, url } : { ok: false, detail: 'Only https.' },
      tenants: {
        knows: async (tenant) => {
          happened.push(`asked about ${tenant}`);
          return tenant === 'default';
        },
      },
      messages: {
        send: async (messages) => {
          happened.push(`sent ${messages.length}`);
          sent.push(...messages);
          return true;
        },
      },
      now: () => NOW,
    },
    silentLogger,
  );
  const record = (value: Buffer | null, headers: { [name: string]: string } = {}, offset = 0n): ConsumedRecord => ({
    message: {
      topic: topics.events('order'),
      partition: 1,
      offset,
      timestamp: NOW,
      key: null,
      value,
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
    },
    epoch: 1,
    current: true,
    complete: () => void happened.push(`finished ${offset}`),
  });
  const rule = (type: string, validation: 'warn' | 'reject', schema: unknown): void => {
    const { key, value } = encodeEventRule('', { tenant: 'default', type }, { validation, version: 2, schema });
    rules.apply({ key: Buffer.from(key!), value });
  };
  return { handler, happened, sent, record, rule };
};

const binary = {
  ce_specversion: '1.0',
  ce_id: 'o-1',
  ce_source: '/order',
  ce_type: 'order.created',
  ce_time: '2025-10-09T08:00:00Z',
};
const incoming = (message: OutgoingMessage): IncomingMessage => ({
  topic: message.topic,
  partition: message.partition ?? 0,
  offset: 0n,
  timestamp: NOW,
  key: message.key === null ? null : Buffer.from(message.key),
  value: message.value,
  headers: Object.fromEntries(Object.entries(message.headers).map(([name, text]) => [name, Buffer.from(text)])),
});

describe('fan-out', () => {
  it('brings the directory up to date before it matches, and finishes records after everything is acknowledged', async () => {
    const { handler, happened, record } = world([endpoint('ep_1', ['*'])]);
    await handler.handle([record(Buffer.from('{"n":1}'), binary)]);
    expect(happened).toEqual([
      'caught up',
      'rules caught up',
      'asked about default',
      'matched',
      'sent 2',
      'finished 0',
    ]);
  });

  it('keeps an event in the quarantine for those contracts alone that cannot carry it, and delivers it to the others', async () => {
    const { handler, sent, happened, record } = world([
      { ...endpoint('ep_1', ['*']), contract: 'proign' },
      { ...endpoint('ep_2', ['*']), contract: 'mes' },
      { ...endpoint('ep_3', ['*']), contract: 'nentropy' },
      endpoint('ep_4', ['*']),
    ]);
    await handler.handle([record(Buffer.from('{"weight":12345678901234567890}'), binary)]);
    const deliveries = sent
      .filter(({ topic }) => topic === topics.deliveries)
      .map((each) => decodeDelivery(incoming(each))!);
    expect(deliveries.map(({ task }) => task.endpointId).sort()).toEqual(['ep_3', 'ep_4']);
    for (const { body } of deliveries) expect(body.toString()).toContain('"data":{"weight":12345678901234567890}');
    const rejections = sent.filter(({ topic }) => topic === topics.eventsRejected);
    expect(rejections).toHaveLength(1);
    const { rejection } = decodeRejection(incoming(rejections[0]!))!;
    expect(rejection).toMatchObject({ code: 'unrepresentable' });
    expect(rejection.detail).toMatch(
      /contract proign \(ep_1\): data\.weight: .*send it as a string.*contract mes \(ep_2\)/,
    );
    expect(happened.at(-1)).toBe('finished 0');
  });

  it('renders a body once for all that share it, and for each variant of it', async () => {
    const nentropy = (id: string, integrationId: string | null): Endpoint => ({
      ...endpoint(id, ['*']),
      contract: 'nentropy',
      options: { ...DEFAULT_OPTIONS, integrationId },
    });
    const { handler, sent, record } = world([
      nentropy('ep_1', 'int_1'),
      nentropy('ep_2', 'int_2'),
      nentropy('ep_3', 'int_1'),
    ]);
    await handler.handle([record(Buffer.from('{"externalId":"V-1"}'), binary)]);
    const bodies = new Map(
      sent
        .filter(({ topic }) => topic === topics.deliveries)
        .map((each) => decodeDelivery(incoming(each))!)
        .map(({ task, body }) => [
          task.endpointId,
          (JSON.parse(body.toString()) as { integrationId: string }).integrationId,
        ]),
    );
    expect([...bodies].sort()).toEqual([
      ['ep_1', 'int_1'],
      ['ep_2', 'int_2'],
      ['ep_3', 'int_1'],
    ]);
    const variants = sent
      .filter(({ topic }) => topic === topics.deliveryLog)
      .flatMap((each) => decodeFacts(incoming(each)) ?? [])
      .filter(isDeliveryFact)
      .map((fact) => fact.kind === 'created' && [fact.endpointId, fact.bodyVariant]);
    expect(variants.sort()).toEqual([...bodies].sort());
  });

  it('lets a bundle grow old from its end on', async () => {
    const { handler, sent, record } = world([{ ...endpoint('ep_1', ['*']), contract: 'eclipse' }]);
    await handler.handle([record(Buffer.from('{"EndTime":"2025-10-01T00:00:00"}'), binary)]);
    const delivery = decodeDelivery(incoming(sent.find(({ topic }) => topic === topics.deliveries)!))!;
    expect(delivery.task.expiresAt).toBe(Date.parse('2025-10-31T00:00:00Z'));
  });

  describe('a run that brings its own URL', () => {
    const standing: Endpoint = { ...endpoint('ep_runs', []), contract: 'eclips', runUrls: true, url: '' };
    const run = { ...binary, ce_type: 'run.completed' };
    const data = (webhookUrl: unknown) => Buffer.from(JSON.stringify({ run_id: 'r1', webhook_url: webhookUrl }));

    it('is delivered there too, each receiver in a lane of its own, whatever its path', async () => {
      const { handler, sent, record } = world([standing, { ...endpoint('ep_1', ['run.*']), contract: 'eclips' }]);
      const urls = ['https://a.example/1', 'https://a.example/2?x=3', 'https://b.example:8443/1'];
      for (const [n, url] of urls.entries())
        await handler.handle([record(data(url), { ...run, ce_id: `r-${n}` }, BigInt(n))]);
      const tasks = sent
        .filter(({ topic }) => topic === topics.deliveries)
        .map((each) => decodeDelivery(incoming(each))!.task)
        .filter(({ endpointId }) => endpointId !== 'ep_1');
      expect(tasks.map(({ destination }) => destination)).toEqual(urls);
      const [first, second, third] = tasks.map(({ endpointId }) => endpointId);
      expect([first, third]).toEqual([second, expect.not.stringMatching(`^${first}$`)]);
      expect(tasks.every(({ contract }) => contract.name === 'eclips')).toBe(true);
      expect(sent.filter(({ topic }) => topic === topics.eventsRejected)).toEqual([]);
    });

    it.each([
      ['without a run secret', [], 'https://a.example/1', 'POST /v1/webhooks/run-secret'],
      ['that may not be sent to', [standing], 'http://169.254.169.254/', 'Only https'],
      ['that is no text', [standing], { host: 'a' }, 'not a text'],
    ])('%s is refused in the quarantine, and its other receivers have it', async (_, runUrls, url, detail) => {
      const { handler, sent, happened, record } = world([...runUrls, endpoint('ep_1', ['run.*'])]);
      await handler.handle([record(data(url), run)]);
      const deliveries = sent.filter(({ topic }) => topic === topics.deliveries);
      expect(deliveries.map(({ key }) => key)).toEqual(['ep_1']);
      const [rejected] = sent.filter(({ topic }) => topic === topics.eventsRejected);
      const { rejection } = decodeRejection(incoming(rejected!))!;
      expect(rejection.code).toBe('run_url_refused');
      expect(rejection.detail).toContain(detail);
      expect(happened.at(-1)).toBe('finished 0');
    });
  });

  it('makes one delivery for each endpoint that matches, each with its fact in the partition of its endpoint', async () => {
    const ids = ['ep_1', 'ep_2', 'ep_3'];
    const { handler, sent, record } = world([
      ...ids.map((id) => endpoint(id, ['order.*'])),
      endpoint('ep_4', ['machine.*']),
    ]);
    await handler.handle([record(Buffer.from('{"n":1.0}'), binary)]);
    const deliveries = sent.filter((message) => message.topic === topics.deliveries);
    expect(deliveries.map((message) => message.key).sort()).toEqual(ids);
    for (const message of deliveries) {
      expect(message.partition).toBe(partitionOfKey(message.key!, 12));
      const { task, body } = decodeDelivery(incoming(message))!;
      expect(body.toString()).toBe(
        '{"id":"o-1","type":"order.created","timestamp":"2025-10-09T08:00:00Z","data":{"n":1.0}}',
      );
      expect(task).toMatchObject({
        eventId: 'o-1',
        attempt: 1,
        epoch: 0,
        acceptedAt: NOW,
        contract: { name: 'standard', version: 1 },
      });
      const fact = sent
        .filter((each) => each.topic === topics.deliveryLog && each.partition === message.partition)
        .flatMap((each) => decodeFacts(incoming(each))!.filter(isDeliveryFact))
        .find((each) => each.deliveryId === task.deliveryId);
      expect(fact).toMatchObject({
        kind: 'created',
        endpointId: message.key,
        bodySha256: createHash('sha256').update(body).digest('hex'),
      });
    }
  });

  it('gives a repeat of the event the same delivery ids', async () => {
    const first = world([endpoint('ep_1', ['*'])]);
    const second = world([endpoint('ep_1', ['*'])]);
    await first.handler.handle([first.record(Buffer.from('{}'), binary, 4n)]);
    await second.handler.handle([second.record(Buffer.from('{}'), binary, 9n)]);
    const id = (sent: OutgoingMessage[]) => decodeDelivery(incoming(sent[0]!))!.task.deliveryId;
    expect(id(first.sent)).toBe(id(second.sent));
  });

  it('gives a repeat the same delivery ids when it says another time', async () => {
    const { handler, sent, record } = world([endpoint('ep_1', ['*'])]);
    await handler.handle([record(Buffer.from('{}'), { ...binary, ce_time: '2025-10-09T08:00:00Z' }, 4n)]);
    await handler.handle([record(Buffer.from('{}'), { ...binary, ce_time: '2025-10-09T08:00:07Z' }, 9n)]);
    const ids = sent
      .filter((message) => message.topic === topics.deliveries)
      .map((message) => decodeDelivery(incoming(message))!.task.deliveryId);
    expect(new Set(ids).size).toBe(1);
  });

  it('puts what is no event into the quarantine, with its bytes, and goes on with the rest', async () => {
    const { handler, sent, record, happened } = world([endpoint('ep_1', ['*'])]);
    await handler.handle([
      record(Buffer.from('garbage'), {}, 1n),
      record(null, binary, 2n),
      record(Buffer.from('{}'), { ...binary, ce_tenantid: 'nobody' }, 3n),
      record(Buffer.from('{}'), binary, 4n),
    ]);
    const rejected = sent
      .filter((message) => message.topic === topics.eventsRejected)
      .map((message) => decodeRejection(incoming(message))!);
    expect(rejected.map(({ rejection }) => rejection.code)).toEqual(['not_json', 'empty_value', 'unknown_tenant']);
    expect(rejected[0]!.value.toString()).toBe('garbage');
    expect(sent.filter((message) => message.topic === topics.deliveries)).toHaveLength(1);
    expect(happened.filter((what) => what.startsWith('finished'))).toHaveLength(4);
  });

  it('puts what is rejected by its type into the quarantine, says where it is wrong, and delivers it to nobody', async () => {
    const { handler, happened, sent, record, rule } = world([endpoint('ep_1', ['*'])]);
    rule('order.created', 'reject', { properties: { qty: { type: 'integer' } } });
    await handler.handle([
      record(Buffer.from('{"qty": "many"}'), binary, 1n),
      record(Buffer.from('{"qty": 1}'), { ...binary, ce_id: 'o-2' }, 2n),
      record(Buffer.from('{"qty": "many"}'), { ...binary, ce_id: 'o-3', ce_type: 'order.picked' }, 3n),
    ]);
    const [rejected, ...others] = sent.filter((message) => message.topic === topics.eventsRejected);
    expect(others).toEqual([]);
    const { rejection, value } = decodeRejection(incoming(rejected!))!;
    expect(rejection).toMatchObject({
      code: 'schema_violation',
      detail: 'data.qty must be integer, by version 2 of the schema of order.created.',
      origin: { topic: topics.events('order'), partition: 1, offset: '1' },
    });
    expect(value.toString()).toBe('{"qty": "many"}');
    const delivered = sent.filter((message) => message.topic === topics.deliveries);
    expect(delivered.map((message) => decodeDelivery(incoming(message))!.task.eventId)).toEqual(['o-2', 'o-3']);
    expect(happened.filter((what) => what.startsWith('finished'))).toHaveLength(3);
  });

  it('delivers what its type only warns about, and tells it where people look', async () => {
    const { handler, sent, record, rule } = world([endpoint('ep_1', ['*'])]);
    rule('order.created', 'warn', { required: ['qty'] });
    await handler.handle([record(Buffer.from('{}'), binary)]);
    const [told] = sent.filter((message) => message.topic === topics.eventsRejected);
    expect(decodeRejection(incoming(told!))!.rejection).toMatchObject({
      code: 'schema_warning',
      detail: 'data lacks "qty", by version 2 of the schema of order.created. Delivered all the same.',
    });
    expect(sent.filter((message) => message.topic === topics.deliveries)).toHaveLength(1);
  });

  it('holds the rejections of one produce in memory, not those of the whole batch', async () => {
    const { handler, happened, record, rule } = world([endpoint('ep_1', ['*'])]);
    rule('order.created', 'reject', { type: 'object' });
    const large = Buffer.from(JSON.stringify('x'.repeat(200_000)));
    await handler.handle(Array.from({ length: 60 }, (_each, n) => record(large, { ...binary, ce_id: `o-${n}` })));
    expect(happened.filter((what) => what.startsWith('sent')).length).toBeGreaterThan(1);
    expect(happened.filter((what) => what.startsWith('finished'))).toHaveLength(60);
  });

  it('sends an event with very many endpoints in several produces', async () => {
    const { handler, happened, record } = world(
      Array.from({ length: 1_200 }, (_each, n) => endpoint(`ep_${n}`, ['*'])),
      2,
    );
    await handler.handle([record(Buffer.from('{}'), binary)]);
    expect(happened.filter((what) => what.startsWith('sent')).length).toBeGreaterThanOrEqual(3);
    expect(happened.at(-1)).toBe('finished 0');
  });

  it('keeps an event for an endpoint whose contract it does not have, and delivers it to the others', async () => {
    const { handler, happened, sent, record } = world([
      endpoint('ep_1', ['*']),
      { ...endpoint('ep_2', ['*']), contract: 'of tomorrow' },
    ]);
    await handler.handle([record(Buffer.from('{}'), binary)]);
    expect(sent.filter((message) => message.topic === topics.deliveries).map(({ key }) => key)).toEqual(['ep_1']);
    const [rejected] = sent.filter((message) => message.topic === topics.eventsRejected);
    expect(decodeRejection(incoming(rejected!))!.rejection).toMatchObject({
      code: 'unknown_contract',
      detail: expect.stringContaining('ep_2 (of tomorrow)'),
    });
    expect(happened.at(-1)).toBe('finished 0');
  });

  it('asks once about a tenant that nobody knows, however many events name it', async () => {
    const { handler, happened, record } = world([]);
    const stranger = { ...binary, ce_tenantid: 'nobody' };
    await handler.handle([1n, 2n, 3n].map((offset) => record(Buffer.from('{}'), stranger, offset)));
    expect(happened.filter((what) => what === 'asked about nobody')).toHaveLength(1);
    expect(happened.filter((what) => what.startsWith('finished'))).toHaveLength(3);
  });

  it('holds the deliveries of one produce in memory, not those of the whole batch', async () => {
    const { handler, happened, sent, record } = world(
      Array.from({ length: 100 }, (_each, n) => endpoint(`ep_${n}`, ['*'])),
      2,
    );
    const large = Buffer.from(JSON.stringify('x'.repeat(100_000)));
    await handler.handle([1n, 2n, 3n].map((n) => record(large, { ...binary, ce_id: `o-${n}` }, n)));
    expect(happened.lastIndexOf('matched')).toBeGreaterThan(happened.findIndex((what) => what.startsWith('sent')));
    for (const count of happened.filter((what) => what.startsWith('sent')))
      expect(Number(count.slice(5))).toBeLessThan(60);
    expect(sent.filter((message) => message.topic === topics.deliveries)).toHaveLength(300);
    expect(happened.slice(-3)).toEqual(['finished 1', 'finished 2', 'finished 3']);
  });
});
