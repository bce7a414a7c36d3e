import { randomBytes } from 'node:crypto';
import {
  decodeSourceState,
  encodeSource,
  encodeSourceIntake,
  encodeSourceState,
  type IncomingMessage,
  type OutgoingMessage,
  type SourceRecord,
  type SourceState,
  topicNames,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import { z } from 'zod';
import type { Reachability } from '../source-reach/reach-guard';
import { sealSettings } from '../sources/source-settings';
import type { SourceContext, SourceCursor } from './source-kind';
import { registered, SourceRegistry } from './source-registry';
import { SourceRunner } from './source-runner';
import { SourceDirectory, SourceStates } from './source-views';

const topics = topicNames('');
const key = randomBytes(32);
const incoming = ({ topic, key: name, value }: OutgoingMessage): IncomingMessage => ({
  topic,
  partition: 0,
  offset: 0n,
  timestamp: 0,
  headers: {},
  key: Buffer.from(name!),
  value,
});

/** One process with a kind that only tells when it is opened and stopped; one partition, so every source is its own. */
const site = (guard: () => Reachability = () => ({ kind: 'allowed' })) => {
  const told: string[] = [];
  const written: SourceState[] = [];
  const directory = new SourceDirectory();
  const states = new SourceStates();
  const kind = registered({
    type: 'told',
    says: 'Tells.',
    settings: z.strictObject({ password: z.string() }),
    secrets: ['password'],
    machines: () => null,
    reaches: () => [{ kind: 'peer' as const, host: 'peer', port: 1, path: 'host' }],
    tryOnce: async () => ({ summary: '', seen: [] }),
    open: ({ password }, { name, cursor }: SourceContext) => ({
      start: () => void told.push(`start ${name} ${password} ${JSON.stringify(cursor)}`),
      stop: async () => void told.push(`stop ${name}`),
      health: () => ({
        connection: { state: 'connected' as const, since: 1, session: 's' },
        lastError: null,
        counts: {},
        queued: 0,
        lagMs: null,
      }),
    }),
  });
  const runner = new SourceRunner({
    registry: new SourceRegistry([kind]),
    guard: { judge: async () => guard(), lookupFor: () => () => undefined },
    directory,
    states,
    caughtUp: async () => undefined,
    partitions: 1,
    producer: {
      send: async (messages) => {
        for (const message of messages) {
          const change = decodeSourceState(incoming(message));
          if (change.kind === 'put') written.push(change.state);
          else told.push(`forgotten ${message.key}`);
        }
      },
    },
    topics,
    encryptionKey: key,
    owner: 'me',
    folderOf: () => '',
    logger: silentLogger,
    clock: Date.now,
    random: () => 0,
    newId: () => 'id',
    timing: { look: 5, retry: 20, handOver: 10_000 },
  });
  const put = (over: Partial<SourceRecord> = {}) => {
    const name = over.name ?? 'line-1';
    const owner = { tenant: 'default', name };
    const settings = sealSettings(key, randomBytes, owner, ['password'], { password: `of ${name}` });
    const source = { ...owner, type: 'told', enabled: true, version: 1, createdAt: 5, settings, ...over };
    directory.apply(incoming(encodeSource(topics.sources, source, source)));
  };
  const remove = (name: string) =>
    directory.apply(incoming(encodeSource(topics.sources, { tenant: 'default', name }, null)));
  const stateOf = (
    owner: string | null,
    cursor: SourceCursor | null = { next: 3 },
    { createdAt = 5, at = Date.now() } = {},
  ) => {
    const state: SourceState = {
      v: 1,
      tenant: 'default',
      name: 'line-1',
      createdAt,
      version: 1,
      cursor,
      connection: { state: 'connected', since: 0, session: 's', reason: null, nextTryAt: null },
      counts: {},
      rate: 0,
      lastSignal: null,
      lastError: null,
      lagMs: null,
      queued: 0,
      owner,
      at,
    };
    states.apply(incoming(encodeSourceState(topics.sourceState, state, state)));
  };
  const taken = (name: string, received: number, refused: number) => {
    const lastSignal = { machine: 'M-1', path: 'p', at: 7 };
    const intake = { v: 1, tenant: 'default', name, received, refused, lastSignal } as const;
    states.apply(incoming(encodeSourceIntake(topics.sourceState, intake, intake)));
  };
  const until = (what: string) => eventually(() => told.includes(what), what, 2_000);
  return { told, written, runner, put, remove, stateOf, taken, until };
};

test('a source is begun from its cursor when its former owner has given it up', async () => {
  const { told, runner, put, stateOf, until } = site();
  put();
  stateOf('another process');
  await runner.changeOwnership([0], []);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told).toEqual([]);
  stateOf(null, { next: 9 });
  await until('start line-1 of line-1 {"next":9}');
  await runner.stop();
  expect(told.at(-1)).toBe('stop line-1');
});

test('an owner that was killed is not waited for: its partition came when its session had ended', async () => {
  const { runner, put, stateOf, until } = site();
  put();
  stateOf('a process that is gone', { next: 9 }, { at: Date.now() - 10_500 });
  await runner.changeOwnership([0], []);
  await until('start line-1 of line-1 {"next":9}');
  await runner.stop();
});

test('what any process took for a source that peers call is counted by its owner, from when it runs it', async () => {
  const { written, runner, put, taken, until } = site();
  put();
  taken('line-1', 100, 100);
  await runner.changeOwnership([0], []);
  await until('start line-1 of line-1 null');
  taken('line-1', 2, 0);
  taken('another', 9, 9);
  taken('line-1', 1, 1);
  await runner.stop();
  const { counts, lastSignal } = written.at(-1)!;
  expect([counts, lastSignal]).toEqual([
    { received: 3, refused: 1, gaps: 0 },
    { machine: 'M-1', path: 'p', at: 7 },
  ]);
});

test('the cursor of a deleted source of the same name is not taken', async () => {
  const { runner, put, stateOf, until } = site();
  stateOf(null, { next: 9 }, { createdAt: 4 });
  put();
  await runner.changeOwnership([0], []);
  await until('start line-1 of line-1 null');
  await runner.stop();
});

test('changes, switching off and deletion are followed one after the other', async () => {
  const { told, written, runner, put, remove, until } = site();
  await runner.changeOwnership([0], []);
  put();
  put({ version: 2 });
  await eventually(
    () => told.filter((one) => one.startsWith('start')).length === 1,
    'the start with the last settings',
  );
  put({ version: 3 });
  await eventually(() => told.filter((one) => one.startsWith('start')).length === 2, 'the second start');
  put({ version: 4, enabled: false });
  await eventually(() => written.at(-1)?.owner === null, 'the last word');
  put({ version: 5 });
  await eventually(() => told.filter((one) => one.startsWith('start')).length === 3, 'the third start');
  remove('line-1');
  await until('forgotten default/line-1');
  expect(told.filter((one) => one.startsWith('start')).length).toBe(
    told.filter((one) => one.startsWith('stop')).length,
  );
  expect(runner.running()).toEqual([]);
  await runner.stop();
});

test('when its partition goes the source has stopped, and said its last word, before that is answered', async () => {
  const { told, written, runner, put, until } = site();
  put();
  await runner.changeOwnership([0], []);
  await until('start line-1 of line-1 null');
  await runner.changeOwnership([], [0]);
  expect(told.at(-1)).toBe('stop line-1');
  expect(written.at(-1)).toMatchObject({ owner: null });
  put({ version: 2 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(runner.running()).toEqual([]);
  await runner.stop();
});

test('one that may not be reached now is shown so, and begun when it may', async () => {
  let reach: Reachability = { kind: 'unknown', path: 'host', detail: 'The name peer has no address.' };
  const { told, written, runner, put, until } = site(() => reach);
  put();
  await runner.changeOwnership([0], []);
  await eventually(() => written.at(-1)?.connection.reason === 'The name peer has no address.', 'the reason');
  expect(told).toEqual([]);
  reach = { kind: 'allowed' };
  await until('start line-1 of line-1 null');
  await runner.stop();
});

test.each<[string, Partial<SourceRecord>, RegExp]>([
  ['a kind that this release does not have', { type: 'fax' }, /no kind of source 'fax'/],
  [
    'secrets of another key',
    { settings: { password: 'v1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAA' } },
    /do not open/,
  ],
  ['settings of another release', { settings: { colour: 1 } }, /do not fit this release/],
])('%s: shown, and nothing else is disturbed', async (_, over, reason) => {
  const { written, runner, put, until } = site();
  put(over);
  put({ name: 'line-2' });
  await runner.changeOwnership([0], []);
  await until('start line-2 of line-2 null');
  await eventually(
    () => written.some(({ name, connection }) => name === 'line-1' && reason.test(connection.reason ?? '')),
    'the reason',
  );
  await runner.stop();
});
