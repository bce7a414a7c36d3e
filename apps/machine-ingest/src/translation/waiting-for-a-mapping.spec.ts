import { DEFAULT_MAPPING, type LostMapping, type Mapping, type Signal } from '@millrace/domain';
import type { ConsumedRecord, WindowedConsumer, WindowedConsumerOptions } from '@millrace/kafka';
import {
  decodeEvent,
  decodeRejection,
  encodeSignal,
  type IncomingMessage,
  type OutgoingMessage,
  topicNames,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import { MachineDirectory } from '../machines/machine-directory';
import { TranslationConsumer } from './translation.consumer';

const topics = topicNames('t');
const mapping: Mapping = { ...DEFAULT_MAPPING, name: 'own', version: 1, hash: 'f'.repeat(64) };

/** A partition that hands out what it is told to, and shows what of it is complete. */
const setUp = async (longestWaitForMappingMs = 60_000) => {
  let options: WindowedConsumerOptions | null = null;
  let paused = false;
  const complete: number[] = [];
  const written: OutgoingMessage[] = [];
  const known = new Map<string, Mapping | LostMapping>();
  const time = { now: 0 };
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
    mappingsCaughtUp: async () => undefined,
    longestWaitForMappingMs,
    clock: () => time.now,
    logger: silentLogger,
    heard: () => undefined,
    onOwnership: async () => undefined,
    livesNow: () => false,
    told: { translated: () => undefined, refused: () => undefined, ruleFailed: () => undefined },
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
  const setAside = () =>
    written
      .filter(({ topic }) => topic === topics.signalsRejected)
      .map(({ value, headers }) => {
        const header = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
        const { rejection } = decodeRejection({ value, headers: Object.fromEntries(header) } as IncomingMessage)!;
        return [rejection.code, rejection.origin.offset];
      });
  return { translation, handOut, complete, known, told, setAside, time, isPaused: () => paused };
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

const naming = (machine: string, version: number, hash: string, second: number): Signal =>
  signal(machine, '$config', { name: 'own', version, hash }, second);
const unreadable: LostMapping = { lost: 'mapping_unreadable', detail: 'Line 3, column 1: not a member.' };

it('sets aside the signals of a mapping that nobody can read, and goes on with the one that is put in its place', async () => {
  const { translation, handOut, complete, known, told, setAside, isPaused } = await setUp();
  known.set('bad', unreadable);
  known.set(mapping.hash, mapping);
  handOut(
    signal('M-1', 'execution', 'READY', 0),
    naming('M-1', 1, 'bad', 1),
    signal('M-1', 'execution', 'ACTIVE', 2),
    signal('M-2', 'execution', 'ACTIVE', 3),
    naming('M-1', 2, mapping.hash, 4),
    signal('M-1', 'execution', 'INTERRUPTED', 5),
  );
  await eventually(() => complete.length === 6, 'all of it');
  expect(isPaused()).toBe(false);
  expect(setAside()).toEqual([['mapping_unreadable', '2']]);
  expect(told()).toEqual(['idle', 'running', 'held']);
  await translation.stop(0);
});

it('waits for a made-up hash a while only, sets its record aside, and keeps the mapping that is in force', async () => {
  const { translation, handOut, complete, known, told, setAside, isPaused } = await setUp(50);
  known.set(mapping.hash, mapping);
  handOut(
    naming('M-1', 1, mapping.hash, 0),
    naming('M-1', 2, 'made up', 1),
    signal('M-1', 'execution', 'ACTIVE', 2),
    signal('M-2', 'execution', 'ACTIVE', 3),
  );
  expect(isPaused()).toBe(true);
  await eventually(() => complete.length === 4, 'all of it');
  expect(isPaused()).toBe(false);
  expect(setAside()).toEqual([['mapping_unknown', '1']]);
  expect(told()).toEqual(['running', 'running']);
  // It is known by now that there is none.
  handOut(naming('M-2', 9, 'made up', 4), signal('M-2', 'execution', 'INTERRUPTED', 5));
  await eventually(() => complete.length === 6, 'without waiting');
  // One that comes after all is one.
  known.set('made up', { ...mapping, hash: 'made up' });
  handOut(naming('M-2', 9, 'made up', 6), signal('M-2', 'execution', 'READY', 7));
  await eventually(() => complete.length === 8, 'the mapping that came late');
  expect(setAside()).toEqual([
    ['mapping_unknown', '1'],
    ['mapping_unknown', '4'],
  ]);
  expect(told()).toEqual(['running', 'running', 'held', 'idle']);
  await translation.stop(0);
});

it('tells how old what waits is, and for how many mappings', async () => {
  const { translation, handOut, complete, known, time } = await setUp();
  expect(translation.readings()).toEqual({ behindMs: 0, awaited: 0 });
  handOut(signal('M-1', 'execution', 'READY', 0), naming('M-1', 1, mapping.hash, 1));
  await eventually(() => complete.length === 1, 'what comes before it');
  time.now = 30_000;
  expect(translation.readings()).toEqual({ behindMs: 30_000, awaited: 1 });
  known.set(mapping.hash, mapping);
  translation.mappingsCame();
  await eventually(() => complete.length === 2, 'the rest');
  // It was late when it was stored, which is told for a while.
  expect(translation.readings().behindMs).toBe(30_000);
  time.now = 36_000;
  expect(translation.readings().behindMs).toBe(0);
  await translation.stop(0);
});

it('waits once for any number of made-up hashes, and again after a while for one that may be on its way', async () => {
  const { translation, handOut, complete, known, told, setAside, time } = await setUp(300);
  const madeUp = Array.from({ length: 50 }, (_, n) => naming('M-1', n, `made up ${n}`, 1));
  handOut(...madeUp, signal('M-1', 'execution', 'ACTIVE', 2));
  // one after the other they would be waited for 15 s
  await eventually(() => complete.length === 51, 'all of it', 3_000);
  expect(setAside().map(([code]) => code)).toEqual(madeUp.map(() => 'mapping_unknown'));
  expect(told()).toEqual(['running']);
  time.now += 61_000;
  handOut(naming('M-1', 9, mapping.hash, 3), signal('M-1', 'execution', 'INTERRUPTED', 4));
  known.set(mapping.hash, mapping);
  translation.mappingsCame();
  await eventually(() => complete.length === 53, 'the mapping that was on its way');
  expect(setAside()).toHaveLength(50);
  expect(told()).toEqual(['running', 'held']);
  await translation.stop(0);
});
