import {
  DEFAULT_MAPPING,
  type EdgeRule,
  type MachineState,
  type Mapping,
  machineKey,
  newMachineState,
  type Signal,
} from '@millrace/domain';
import type { ConsumedRecord, WindowedConsumer, WindowedConsumerOptions } from '@millrace/kafka';
import { encodeSignal, type IncomingMessage, type OutgoingMessage, topicNames } from '@millrace/protocol';
import { metrics, silentLogger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import { tellings } from '../machine-ingest.told';
import { MachineDirectory } from '../machines/machine-directory';
import { SignalBatch } from './signal-batch';
import { TranslationConsumer } from './translation.consumer';

const KEY = machineKey('default', 'M-1');
const START = Date.parse('2026-02-17T13:00:00.000Z');
const door: EdgeRule = {
  id: 'door',
  kind: 'edge',
  emit: 'machine.door_opened',
  input: 'door',
  on: 'rising',
  when: null,
  alarm: null,
  data: {},
};
const broken: EdgeRule = Object.defineProperty({ ...door, id: 'broken' }, 'data', {
  get: () => {
    throw new TypeError('a defect');
  },
});
const mapping: Mapping = {
  ...DEFAULT_MAPPING,
  hash: 'a'.repeat(64),
  sources: {
    line: { source: null, maxSkewMs: 300_000, maxBacklogMs: null, reorder: { windowMs: 2_000, records: 10 } },
  },
  signals: {
    door: {
      alias: 'door',
      source: null,
      paths: ['door'],
      ignoreCase: false,
      type: 'bool',
      unit: null,
      scale: null,
      modulus: null,
      staleAfterMs: null,
      deadband: null,
    },
  },
  rules: [broken, door],
};
const machine: MachineState = {
  ...newMachineState('default', 'M-1'),
  config: { name: 'test', version: 1, hash: mapping.hash },
};

const said = (seq: number, value: Signal['value']): Signal => {
  const at = new Date(START + seq * 100).toISOString();
  return {
    ...{ v: 1, tenant: 'default', machine: 'M-1', source: 'line', session: 's', seq, path: 'door', kind: 'event' },
    ...{ value, type: 'bool', unit: null, quality: 'good', qualityCode: null, sourceTs: at, serverTs: null },
    ...{ receiveTs: at, at, clock: 'device', flags: [], raw: { proto: 'http', ref: '' } },
  } as Signal;
};
const recordOf = (offset: number, signal: Signal): IncomingMessage => {
  const { topic, key, value } = encodeSignal('signals', signal);
  return { topic, partition: 0, offset: BigInt(offset), timestamp: START, key: Buffer.from(key!), value, headers: {} };
};
const foldAll = (signals: readonly Signal[], from: MachineState, inForce = mapping) => {
  const batch = new SignalBatch(
    () => () => inForce,
    () => undefined,
  );
  const current = new Map([[KEY, from]]);
  const first = from.position === null ? 0 : Number(from.position.offset) + 1;
  for (const [n, one] of signals.entries()) batch.fold(recordOf(first + n, one), current, () => null);
  return { ...batch.take(), state: current.get(KEY)! };
};

test('a rule that throws sets no signal aside; each time is there for the log, and the first is told', () => {
  const { events, refused, failures } = foldAll(
    [said(0, false), said(1, true), said(2, false), said(3, true)],
    machine,
  );
  expect(refused).toEqual([]);
  expect(events.map(({ type }) => type)).toEqual(['machine.door_opened', 'ingest.rule_failed', 'machine.door_opened']);
  const failure = { tenant: 'default', machine: 'M-1', rule: 'broken', kind: 'edge', on: 'signal', path: 'door' };
  expect(failures).toEqual([
    { ...failure, partition: 0, offset: '1', error: expect.any(TypeError), isNew: true },
    { ...failure, partition: 0, offset: '3', error: expect.any(TypeError), isNew: false },
  ]);
});

test('a signal that had waited and cannot be folded is set aside alone, as it was and with what to do', () => {
  const waiting = foldAll([said(0, false), said(2, true), said(3, false)], machine).state;
  const session = waiting.reorder['line\ns']!;
  const held = session.held.map((one) => ({
    ...one,
    signal: one.signal.seq === 2 ? { ...one.signal, flags: null as never } : one.signal,
  }));
  const { refused, events, state } = foldAll([said(1, false), said(4, true)], {
    ...waiting,
    reorder: { 'line\ns': { ...session, held } },
  });
  expect(refused).toMatchObject([
    { code: 'fold_failed', detail: expect.stringMatching(/had waited .* "seq": null/), message: { offset: -1n } },
  ]);
  expect(JSON.parse(String(refused[0]!.message.value))).toMatchObject({ seq: 2, value: true });
  expect(events.map(({ type }) => type)).toEqual(['machine.door_opened', 'ingest.rule_failed']);
  expect(state.counts.signals).toBe(5);
});

test('a signal that cannot be folded itself is set aside, and the state is as it was before', () => {
  const begun = foldAll([said(0, false)], machine).state;
  const unreadable = Object.defineProperty({ ...mapping }, 'sources', {
    get: () => {
      throw new TypeError('a defect');
    },
  });
  const { refused, state } = foldAll([said(1, true), said(2, false)], begun, unreadable);
  expect(refused.map(({ code, message }) => [code, message.offset])).toEqual([
    ['fold_failed', 1n],
    ['fold_failed', 2n],
  ]);
  expect(state).toEqual(begun);
});

test('the translation tells of a rule that throws, logs the first time with the error, counts each, and goes on', async () => {
  const topics = topicNames('t');
  const written: OutgoingMessage[] = [];
  const complete: bigint[] = [];
  const logged: object[] = [];
  const told = tellings({ ...silentLogger, error: (fields) => void logged.push(fields) });
  const directory = new MachineDirectory();
  let options: WindowedConsumerOptions | null = null;
  const translation = new TranslationConsumer({
    consumer: (asked) => {
      options = asked;
      return {
        start: async () =>
          options!.onAssigned!({ gained: [{ topic: topics.signals, partition: 0 }], lost: [] } as never),
        stop: async () => undefined,
      } as unknown as WindowedConsumer;
    },
    producer: { send: async (messages: readonly OutgoingMessage[]) => void written.push(...messages) } as never,
    directory,
    directoryCaughtUp: async () => undefined,
    topics,
    mappings: () => () => mapping,
    mappingsCaughtUp: async () => undefined,
    clock: () => START,
    logger: silentLogger,
    heard: () => undefined,
    onOwnership: async () => undefined,
    livesNow: () => false,
    told: {
      translated: () => undefined,
      refused: () => undefined,
      ruleFailed: ({ isNew, ...failed }) => told.ruleFailed(failed, isNew),
    },
  });
  await translation.start();
  const config = { name: 'test', version: 1, hash: mapping.hash };
  const log = [
    { ...said(0, config as never), path: '$config', kind: 'lifecycle', type: 'json', seq: null } as Signal,
    ...[false, true, false, true].map((value, seq) => said(seq, value)),
  ];
  for (const [n, one] of log.entries())
    options!.onRecord({
      message: recordOf(n, one),
      epoch: 1,
      current: true,
      complete: () => void complete.push(BigInt(n)),
    } as unknown as ConsumedRecord);
  options!.onBatchEnd!(topics.signals, 0);
  await eventually(() => complete.length === log.length, 'all records to be complete');
  expect(written.map(({ topic }) => topic)).toEqual([
    topics.events('mes'),
    topics.events('mes'),
    topics.events('mes'),
    topics.machineState,
  ]);
  expect(logged).toMatchObject([{ machine: 'M-1', rule: 'broken', offset: '2', error: expect.any(TypeError) }]);
  expect(metrics.render()).toContain('millrace_rules_failed_total{kind="edge"} 2');
  await translation.stop(0);
});
