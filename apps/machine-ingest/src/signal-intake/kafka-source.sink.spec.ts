import type { Signal } from '@millrace/domain';
import { ProduceFailed } from '@millrace/kafka';
import { decodeRejection, encodeSignal, type OutgoingMessage, topicNames } from '@millrace/protocol';
import { metrics, silentLogger } from '@millrace/telemetry';
import { KafkaSourceSink } from './kafka-source.sink';
import { gapSignal, lifecycleSignal } from './lifecycle-signal';

const place = { tenant: 'default', machine: 'M-1', source: 's', session: 'x', proto: 'mtc' } as const;
const signals = (count: number) => [...Array(count).keys()].map((n) => lifecycleSignal(place, 'alive', n, n));
const TOPICS = topicNames('');

const rejectionOf = ({ topic, value, headers: texts }: OutgoingMessage) => {
  const headers = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
  return decodeRejection({ topic, partition: 0, offset: 0n, timestamp: 0, key: null, value, headers })!.rejection;
};

/** A Kafka that answers as it is told; undefined: it takes everything. */
const sinkOn = (answer: (messages: readonly OutgoingMessage[]) => Error | undefined) => {
  const taken: OutgoingMessage[] = [];
  const order: string[] = [];
  const ended = new AbortController();
  const stopping = new AbortController();
  const sink = new KafkaSourceSink({
    producer: {
      send: async (messages) => {
        const error = answer(messages);
        if (error !== undefined) throw error;
        taken.push(...messages);
        order.push(`${messages.length} signals`);
      },
    },
    topics: TOPICS,
    logger: silentLogger,
    tenant: 'acme',
    kind: 'test',
    clock: () => 7,
    ended: ended.signal,
    storeCursor: async () => void order.push(`cursor ${JSON.stringify(sink.passed.cursor)}`),
  });
  return { sink, taken, order, ended, stopping, options: { stopping: stopping.signal } };
};

test('what Kafka does not take is tried again, and its cursor counts only then', async () => {
  let failures = 1;
  const { sink, taken, options } = sinkOn(() => (failures-- > 0 ? new ProduceFailed('away', true) : undefined));
  const append = sink.append(signals(3), { ...options, cursor: { next: 3 } });
  expect(sink.passed).toMatchObject({ received: 0, cursor: undefined });
  await append;
  expect(taken.length).toBe(3);
  expect(sink.passed).toEqual({
    received: 3,
    refused: 0,
    gaps: 0,
    lastSignal: { machine: 'M-1', path: '$lifecycle', at: 7 },
    cursor: { next: 3 },
  });
});

test('stretches that are lost are counted, whatever the kind counts itself, and one of several machines once', async () => {
  const { sink, options } = sinkOn(() => undefined);
  const counted = () => Number(/millrace_source_gaps_total\{kind="test"\} (\d+)\n/.exec(metrics.render())?.[1]);
  expect(counted()).toBe(0);
  const unknown = { from: null, to: null, lost: null };
  const gapOf = (machine: string, at: number) => gapSignal({ ...place, machine }, unknown, at);
  await sink.append([...signals(2), gapOf('M-1', 5), gapOf('M-2', 5)], options);
  await sink.append([gapOf('M-3', 5), ...signals(2)], options);
  expect([sink.passed.gaps, counted()]).toEqual([1, 1]);
  await sink.append([gapOf('M-1', 6), gapOf('M-1', 7), gapSignal(place, { from: 1, to: 3, lost: 3 }, 7)], options);
  await sink.append(signals(1), options);
  expect([sink.passed.gaps, counted()]).toEqual([4, 4]);
});

test('the signals of one append are in one trace, those of another in another', async () => {
  const { sink, taken, options } = sinkOn(() => undefined);
  await sink.append(signals(2), options);
  await sink.append(signals(1), options);
  const traces = taken.map(({ headers }) => headers['traceparent']!);
  expect(traces[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  expect(traces[1]).toBe(traces[0]);
  expect(traces[2]!.slice(3, 35)).not.toBe(traces[0]!.slice(3, 35));
});

test('a signal that no broker takes is set aside with the reason, and the others go on', async () => {
  const isBad = ({ value }: OutgoingMessage) => value!.toString().includes('"seq":5,');
  const { sink, taken, options } = sinkOn((messages) =>
    messages.some((message) => message.topic === 'signals' && isBad(message))
      ? new ProduceFailed('too large', false)
      : undefined,
  );
  await sink.append(signals(8), options);
  const stored = taken.filter(({ topic }) => topic === 'signals');
  expect(stored.map(({ value }) => (JSON.parse(value!.toString()) as { seq: number }).seq)).toEqual([
    0, 1, 2, 3, 4, 6, 7,
  ]);
  const [rejected] = taken.filter(({ topic }) => topic === TOPICS.signalsRejected);
  expect(rejectionOf(rejected!)).toMatchObject({ code: 'not_storable', tenant: 'acme' });
  expect(sink.passed).toMatchObject({ received: 7, refused: 1, lastRefusedAt: 7 });
});

test('of refused input the beginning is kept, with the length that it came with', async () => {
  const { sink, taken, stopping } = sinkOn(() => undefined);
  const line = { source: 's', session: 'x', line: 1, code: 'malformed', detail: '', at: 7 };
  await sink.refuse({ ...line, bytes: Buffer.alloc(70_000, 'a') }, stopping.signal);
  await sink.refuse({ ...line, bytes: Buffer.alloc(65_536, 'a'), length: 1_600_000 }, stopping.signal);
  await sink.refuse({ ...line, bytes: Buffer.from('short') }, stopping.signal);
  expect(taken.map((message) => [message.value!.length, rejectionOf(message).originalBytes])).toEqual([
    [65_536, 70_000],
    [65_536, 1_600_000],
    [5, 5],
  ]);
  expect(sink.passed).toMatchObject({ refused: 3, lastRefusedAt: 7 });
});

test('of a signal that no broker takes it is told how long it was, so that nobody takes its rest for all of it', async () => {
  const [first] = signals(1) as [Signal];
  const large = { ...first, value: 'a'.repeat(100_000) };
  const { sink, taken, options } = sinkOn(([message]) =>
    message!.topic === TOPICS.signals ? new ProduceFailed('too large', false) : undefined,
  );
  await sink.append([large], options);
  expect(taken[0]!.value!.length).toBe(0);
  expect(rejectionOf(taken[0]!).originalBytes).toBe(encodeSignal(TOPICS.signals, large).value!.length);
  expect(sink.passed).toMatchObject({ received: 0, refused: 1, lastSignal: null });
});

test.each(['stopping', 'ended'] as const)('an append that waits ends when the source is %s', async (how) => {
  const parts = sinkOn(() => new ProduceFailed('away', true));
  const append = parts.sink.append(signals(1), parts.options);
  parts[how].abort(new Error('over'));
  await expect(append).rejects.toThrow();
  await expect(parts.sink.append(signals(1), parts.options)).rejects.toThrow('over');
  expect(parts.taken).toEqual([]);
});

test('a cursor that is to be stored too is stored after its signals, and only then is the append over', async () => {
  const { sink, order, options } = sinkOn(() => undefined);
  await sink.append(signals(2), { ...options, cursor: { next: 2 }, cursorToo: true });
  await sink.append(signals(1), { ...options, cursor: { next: 3 } });
  expect(order).toEqual(['2 signals', 'cursor {"next":2}', '1 signals']);
});
