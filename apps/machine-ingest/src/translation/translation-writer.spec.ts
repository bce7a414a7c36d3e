import { ProduceFailed } from '@millrace/kafka';
import { decodeRejection, type IncomingMessage, type OutgoingMessage, topicNames } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { TranslationWriter } from './translation-writer';

const topics = topicNames('t');
const EVENTS = topics.events('mes');
const tooLarge = () =>
  new ProduceFailed('refused', false, { cause: Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' }) });
const message = (topic: string, key: string, bytes = 10): OutgoingMessage => ({
  topic,
  key,
  value: Buffer.alloc(bytes, 'x'),
  headers: { ce_type: 'bundle.completed' },
});

/** A broker that takes no call with a value above a topic's limit; the quarantine's is its own. */
const setUp = (limit: number, failures: Error[] = [], limitOfQuarantine = 8_000_000) => {
  const taken: OutgoingMessage[] = [];
  const refused: string[] = [];
  const stopping = new AbortController();
  const writer = new TranslationWriter({
    producer: {
      send: async (messages) => {
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        const limitOf = (topic: string) => (topic === topics.signalsRejected ? limitOfQuarantine : limit);
        if (messages.some(({ topic, value }) => (value?.length ?? 0) > limitOf(topic))) throw tooLarge();
        taken.push(...messages);
      },
    },
    topics,
    clock: () => 7,
    logger: silentLogger,
    stopping: stopping.signal,
    refused: (code) => void refused.push(code),
  });
  const setAside = () =>
    taken.flatMap((one) => {
      const headers = Object.entries(one.headers).map(([name, text]) => [name, Buffer.from(text)]);
      const read = decodeRejection({ ...one, headers: Object.fromEntries(headers) } as unknown as IncomingMessage);
      return read === null ? [] : [{ ...read.rejection, kept: read.value.length }];
    });
  return { writer, taken, refused, setAside, stopping };
};

it('sets aside an event that no broker takes for its size, and brings the others in their order', async () => {
  const { writer, taken, refused, setAside } = setUp(100_000);
  const messages = ['a', 'b', 'c', 'd', 'e'].map((key) => message(EVENTS, key, key === 'd' ? 3_000_000 : 10));
  expect(await writer.write(messages, () => false)).toBe(true);
  expect(taken.map(({ topic, key }) => (topic === EVENTS ? key : 'set aside'))).toEqual([
    'a',
    'b',
    'c',
    'set aside',
    'e',
  ]);
  expect(refused).toEqual(['event_too_large']);
  expect(setAside()).toMatchObject([
    {
      code: 'event_too_large',
      detail: expect.stringContaining('an event of d (3000000 bytes)'),
      origin: { topic: EVENTS },
      originalBytes: 3_000_000,
      kept: 3_000_000,
      originalHeaders: { ce_type: Buffer.from('bundle.completed').toString('base64') },
    },
  ]);
});

it('goes on without a state that is too large, and says so', async () => {
  const { writer, taken, refused, setAside } = setUp(100_000);
  const states = [message(topics.machineState, 'default/A', 3_000_000), message(topics.machineState, 'default/B')];
  expect(await writer.write(states, () => false)).toBe(true);
  expect(taken.filter(({ topic }) => topic === topics.machineState).map(({ key }) => key)).toEqual(['default/B']);
  expect(refused).toEqual(['state_too_large']);
  expect(setAside()).toMatchObject([{ code: 'state_too_large', origin: { topic: topics.machineState }, kept: 0 }]);
});

it('lets a rejection go without its bytes where they do not fit either', async () => {
  const { writer, setAside } = setUp(1_000, [], 1_000);
  expect(await writer.write([message(EVENTS, 'a', 3_000_000)], () => false)).toBe(true);
  expect(setAside()).toMatchObject([{ code: 'event_too_large', kept: 0, originalHeaders: {} }]);
  const nothing = setUp(-1, [], -1);
  expect(await nothing.writer.write([message(EVENTS, 'a')], () => false)).toBe(true);
  expect(nothing.taken).toEqual([]);
});

it('tries again whatever else fails, until the partition is lost', async () => {
  const { writer, taken } = setUp(100, [new Error('no broker'), new ProduceFailed('not now', true)]);
  expect(await writer.write([message(EVENTS, 'a')], () => false)).toBe(true);
  expect(taken).toHaveLength(1);
  expect(await writer.write([message(EVENTS, 'b')], () => true)).toBe(false);
  expect(await writer.write([], () => true)).toBe(false);
  const endless = setUp(100, [new Error('no broker')]);
  endless.stopping.abort();
  expect(await endless.writer.write([message(EVENTS, 'b')], () => false)).toBe(false);
  expect(taken).toHaveLength(1);
});
