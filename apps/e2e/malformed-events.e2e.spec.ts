import { decodeRejection, type OutgoingMessage } from '@millrace/protocol';
import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';

jest.setTimeout(120_000);

describe('a malformed event on a domain topic is put aside with its reason and bytes, and the rest flows', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;
  beforeAll(async () => {
    receiver = await ScriptedReceiver.start();
    site = await Constellation.start();
  });
  afterAll(async () => {
    await site.close();
    await receiver.close();
  });

  const structured = { 'content-type': 'application/cloudevents+json' };
  const event = (more: Record<string, unknown>) =>
    JSON.stringify({ specversion: '1.0', id: 'x', source: '/order', type: 'order.created', data: {}, ...more });
  const cases: [what: string, value: Buffer | null, headers: { [name: string]: string }, code: string][] = [
    ['not JSON', Buffer.from('{"specversion":"1.0",'), structured, 'not_json'],
    ['an HTML page', Buffer.from('<html>502 Bad Gateway</html>'), {}, 'not_json'],
    ['no type', Buffer.from(event({ type: undefined })), structured, 'missing_attribute'],
    ['2 MB of data', Buffer.from(event({ data: 'x'.repeat(2_000_000) })), structured, 'too_large'],
    [
      'nested 5,000 deep',
      Buffer.from(
        `{"specversion":"1.0","id":"d","source":"/o","type":"order.created","data":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      ),
      structured,
      'too_deep',
    ],
    ['an unknown tenant', Buffer.from(event({ tenantid: 'nobody' })), structured, 'unknown_tenant'],
    ['a null value', null, structured, 'empty_value'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), structured, 'not_utf8'],
    ['another specversion', Buffer.from(event({ specversion: '0.3' })), structured, 'unsupported_specversion'],
    ['an array', Buffer.from('[]'), structured, 'not_json'],
    [
      'an image',
      Buffer.from('{}'),
      { ce_specversion: '1.0', ce_id: 'i', ce_source: '/o', ce_type: 'order.created', 'content-type': 'image/png' },
      'unsupported_content_type',
    ],
  ];

  it('for every kind, while good events pass between them, also in snappy, lz4 and zstd batches', async () => {
    await site.createEndpoint(receiver.url);
    const topic = site.topics.events('order');
    const good = (id: string): OutgoingMessage => ({
      topic,
      key: id,
      value: Buffer.from(event({ id })),
      headers: structured,
    });
    const codecs = [undefined, 'snappy', 'lz4', 'zstd', 'gzip'] as const;
    for (const [index, [, value, headers]] of cases.entries()) {
      const codec = codecs[index % codecs.length];
      await site.produce(
        [good(`before-${index}`), { topic, key: `bad-${index}`, value, headers }, good(`after-${index}`)],
        codec,
      );
    }
    await eventually(() => receiver.requests.length === cases.length * 2, 'all good events to arrive', 60_000);

    const rejected: { code: string; bytes: string; originalNull: boolean }[] = [];
    await site.kafka.readRange({
      topic: site.topics.eventsRejected,
      partition: 0,
      from: 0n,
      onMessage: (message) => {
        const decoded = decodeRejection(message)!;
        expect(decoded.rejection.origin.topic).toBe(topic);
        rejected.push({
          code: decoded.rejection.code,
          bytes: decoded.value.toString('base64'),
          originalNull: decoded.rejection.originalNull,
        });
      },
    });
    const byText = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    expect(rejected.sort(byText)).toEqual(
      cases
        .map(([, value, , code]) => ({
          code,
          bytes: (value ?? Buffer.alloc(0)).toString('base64'),
          originalNull: value === null,
        }))
        .sort(byText),
    );
    expect((await fetch(`${site.service('delivery').url}/healthz`)).status).toBe(200);
  });
});
