import { DEFAULT_MAPPING, type Mapping, type Signal } from '@millrace/domain';
import type { ConsumedRecord, WindowedConsumer, WindowedConsumerOptions } from '@millrace/kafka';
import { decodeEvent, encodeSignal, type IncomingMessage, type OutgoingMessage, topicNames } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import { MachineDirectory } from '../machines/machine-directory';
import { TranslationConsumer } from './translation.consumer';

const topics = topicNames('t');
const mapping: Mapping = { ...DEFAULT_MAPPING, name: 'own', version: 1, hash: 'f'.repeat(64) };

/** A partition that hands out what it is told to, and shows what of it is complete. */
const setUp = async () => {
  let options: WindowedConsumerOptions | null = null;
  let paused = false;
  const complete: number[] = [];
  const written: OutgoingMessage[] = [];
  const known = new Map<string, Mapping>();
  const consumer = {
    start: async () => options!.onAssigned!({ gained: [{ topic: topics.signals, partition: 0 }], lost: [] } as never),
    stop: async () => undefined,
    pausePartition: () => {
      paused = true;
    },
    resumePartition: () => {
      paused = false;
    },
    health: () => ({ alive: true, reason: null, assigned: [] }),
  } as unknown as WindowedConsumer;
  const translation = new TranslationConsumer({
    consumer: (asked) => {
      options = asked;
      return consumer;
    },
    producer: { send: async (messages: readonly OutgoingMessage[]) => void written.push(...messages) } as never,
    directory: new MachineDirectory(),
    directoryCaughtUp: async () => undefined,
    topics,
    mappings: () => (hash) => known.get(hash) ?? null,
    clock: () => 0,
    logger: silentLogger,
    heard: () => undefined,
    onOwnership: async () => undefined,
    livesNow: () => false,
    told: { translated: () => undefined, refused: () => undefined },
  });
  await translation.start();
  let offset = 0;
  const handOut = (...signals: Signal[]) => {
    for (const signal of signals) {
      const { key, value, headers } = encodeSignal(topics.signals, signal);
      const at = offset++;
      const message = {
        topic: topics.signals,
        partition: 0,
        offset: BigInt(at),
        key: Buffer.from(String(key)),
        value,
        headers,
        timestamp: 0,
      } as unknown as IncomingMessage;
      options!.onRecord({ message, epoch: 1, current: true, complete: () => void complete.push(at) } as ConsumedRecord);
    }
    options!.onBatchEnd!(topics.signals, 0);
  };
  const told = () =>
    written
      .filter(({ topic }) => topic === topics.events('mes'))
      .map((message) => decodeEvent({ ...message, key: Buffer.from(String(message.key)) } as never, 'default'))
      .map((read) =>
        read.kind === 'refused' ? read.refusal.detail : (JSON.parse(read.event.data) as { current: string }).current,
      );
  return { translation, handOut, complete, known, told, isPaused: () => paused };
};

const signal = (machine: string, path: string, value: Signal['value'], second: number): Signal => {
  const time = `2026-02-17T13:00:0${second}.000Z`;
  return {
    v: 1,
    tenant: 'default',
    machine,
    source: 's',
    session: '',
    seq: null,
    path,
    kind: path === '$config' ? 'lifecycle' : 'event',
    value,
    type: path === '$config' ? 'json' : 'string',
    unit: null,
    quality: 'good',
    qualityCode: null,
    sourceTs: null,
    serverTs: null,
    receiveTs: time,
    at: time,
    clock: '',
    flags: [],
    raw: { proto: 'http', ref: '' },
  };
};

it('holds the partition at a mapping that is not here yet, and goes on in order when it has come', async () => {
  const { translation, handOut, complete, known, told, isPaused } = await setUp();
  const { name, version, hash } = mapping;
  handOut(
    signal('M-1', 'execution', 'READY', 0),
    signal('M-1', '$config', { name, version, hash }, 1),
    signal('M-1', 'execution', 'ACTIVE', 2),
    signal('M-2', 'execution', 'ACTIVE', 3),
  );
  await eventually(() => complete.length === 1, 'what comes before it');
  expect(isPaused()).toBe(true);
  translation.mappingsCame();
  handOut(signal('M-1', 'execution', 'INTERRUPTED', 4));
  expect(isPaused()).toBe(true);
  known.set(hash, mapping);
  translation.mappingsCame();
  await eventually(() => complete.length === 5, 'all of it');
  expect(complete).toEqual([0, 1, 2, 3, 4]);
  expect(isPaused()).toBe(false);
  expect(told()).toEqual(['idle', 'running', 'running', 'held']);
  await translation.stop(0);
});
