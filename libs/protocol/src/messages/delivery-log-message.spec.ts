import fc from 'fast-check';
import {
  type DeliveryFact,
  decodeFacts,
  encodeFacts,
  isDeliveryFact,
  LOG_RECORD_BYTES,
  withoutResponses,
} from './delivery-log-message';
import type { IncomingMessage, OutgoingMessage } from './message';

const fact = (deliveryId: string, error = 'x'): DeliveryFact => ({
  kind: 'attempt-finished',
  deliveryId,
  tenant: 'default',
  endpointId: 'ep_1',
  at: 1_771_336_795_000,
  epoch: 0,
  attempt: 1,
  requestId: 'req_1',
  startedAt: 1_771_336_794_000,
  durationMs: 12,
  outcome: 'timeout',
  request: { url: 'https://example.com/', headers: { 'webhook-id': 'evt_1' } },
  response: null,
  error,
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  result: { kind: 'retry', nextAttemptAt: 1_771_336_800_000 },
});
const received = (sent: Pick<OutgoingMessage, 'value'>): IncomingMessage => ({
  topic: 'log',
  partition: 0,
  offset: 0n,
  timestamp: 0,
  key: null,
  headers: {},
  value: sent.value,
});
const decodedAll = (messages: readonly OutgoingMessage[]): DeliveryFact[] =>
  messages.flatMap((message) => decodeFacts(received(message))!.filter(isDeliveryFact));

describe('encodeFacts', () => {
  it('puts one flush into one record of the given partition', () => {
    const facts = [fact('1'), fact('2')];
    const messages = encodeFacts('log', 7, facts);
    expect(messages).toEqual([{ topic: 'log', partition: 7, key: null, headers: {}, value: expect.any(Buffer) }]);
    expect(decodedAll(messages)).toEqual(facts);
  });

  it('writes nothing for no facts', () => {
    expect(encodeFacts('log', 0, [])).toEqual([]);
  });

  it.each([
    ['ASCII', 'x'],
    ['two bytes a character', 'é'],
    ['three bytes a character', '€'],
    ['four bytes in two units', '😀'],
    ['escapes', '\u0000'],
  ])('splits by bytes, in order, with %s', (_what, character) => {
    const facts = Array.from({ length: 60 }, (_, index) => fact(String(index), character.repeat(10_000)));
    const messages = encodeFacts('log', 0, facts);
    expect(decodedAll(messages)).toEqual(facts);
    expect(messages.length).toBeGreaterThan(1);
    for (const { value } of messages) expect(value!.length).toBeLessThanOrEqual(LOG_RECORD_BYTES);
    // Each record is as full as the next fact allows.
    for (const [index, { value }] of messages.slice(0, -1).entries()) {
      const next = Buffer.byteLength(JSON.stringify(decodeFacts(received(messages[index + 1]!))![0]));
      expect(value!.length + next).toBeGreaterThan(LOG_RECORD_BYTES - 20);
    }
  });

  it('gives a fact that is larger than a record one of its own', () => {
    const facts = [fact('1'), fact('2', 'x'.repeat(LOG_RECORD_BYTES)), fact('3')];
    const messages = encodeFacts('log', 0, facts);
    expect(messages.map((message) => decodedAll([message]).map(({ deliveryId }) => deliveryId))).toEqual([
      ['1'],
      ['2'],
      ['3'],
    ]);
  });

  it('gives back any facts', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.nat(15_000)), { maxLength: 30 }), (wishes) => {
        const facts = wishes.map(([text, length]) => fact(text, 'é'.repeat(length)));
        expect(decodedAll(encodeFacts('log', 0, facts))).toEqual(facts);
      }),
      { numRuns: 20 },
    );
  });
});

describe('isDeliveryFact', () => {
  it.each([
    null,
    1,
    'ended',
    [],
    {},
    { kind: 'ended' },
    { kind: 'ended', deliveryId: 'd' },
    { kind: 1, deliveryId: 'd', endpointId: 'e' },
  ])('is false for %j', (value) => {
    expect(isDeliveryFact(value)).toBe(false);
  });
});

describe('decodeFacts', () => {
  it('gives a bad entry beside the good ones, for the reader to put aside', () => {
    const good = { kind: 'ended', deliveryId: 'd', endpointId: 'e' };
    const facts = decodeFacts({ value: Buffer.from(JSON.stringify({ v: 1, facts: [null, good] })) })!;
    expect(facts.filter(isDeliveryFact)).toEqual([good]);
  });

  it.each([
    null,
    Buffer.alloc(0),
    Buffer.from('x'),
    Buffer.from('null'),
    Buffer.from('[]'),
    Buffer.from('{}'),
    Buffer.from('{"v":1}'),
    Buffer.from('{"v":1,"facts":{}}'),
    Buffer.from('{"v":2,"facts":[]}'),
    Buffer.from([0xff, 0xfe]),
  ])('row %#: is null for what Millrace did not write', (value) => {
    expect(decodeFacts(received({ value }))).toBeNull();
  });
});

describe('withoutResponses', () => {
  it('keeps every attempt and drops what receivers sent', () => {
    const response = { status: 500, headers: { a: 'b' }, body: 'Ym9keQ==', bodyTruncated: false };
    const answered = { ...fact('1'), response } as DeliveryFact;
    const [message] = encodeFacts('log', 7, [answered, fact('2')]);
    expect(decodedAll([withoutResponses(message!)!])).toEqual([
      { ...answered, response: { status: 500, headers: {}, body: '', bodyTruncated: true } },
      fact('2'),
    ]);
    expect(withoutResponses({ ...message!, value: Buffer.from('x') })).toBeNull();
  });
});
