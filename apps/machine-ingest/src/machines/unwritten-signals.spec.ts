import { heardOf, type MachineState, newMachineState, type Signal } from '@millrace/domain';
import {
  encodeMachineSignals,
  encodeMachineState,
  encodeSignal,
  type IncomingMessage,
  type OutgoingMessage,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import fc from 'fast-check';
import { SignalBatch } from '../translation/signal-batch';
import { LastSignals } from './last-signals';
import { MachineDirectory } from './machine-directory';
import { MachineSignalsPublisher } from './machine-signals.publisher';
import { StoredSignals } from './stored-signals';
import { UnwrittenSignals } from './unwritten-signals';

const PARTITION = 2;
const KEY = 'default/M-1';
const OTHER = 'default/M-2';

const signal = (seq: number, path: string): Signal => ({
  v: 1,
  tenant: 'default',
  machine: 'M-1',
  source: 's',
  session: 'x',
  seq,
  path,
  kind: 'event',
  value: seq,
  type: 'double',
  unit: null,
  quality: 'good',
  qualityCode: null,
  sourceTs: null,
  serverTs: null,
  receiveTs: '2026-01-01T00:00:00.000Z',
  at: '2026-01-01T00:00:00.000Z',
  clock: '',
  flags: [],
  raw: { proto: 'http', ref: '' },
});

const arrived = ({ topic, key, value, headers }: OutgoingMessage, offset: bigint, partition = 0): IncomingMessage => ({
  topic,
  partition,
  offset,
  timestamp: 0,
  key: key === null ? null : Buffer.from(key),
  value,
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
});

/** What lies in Kafka: the signals, and the states and last signals that processes have written. */
class Kept {
  readonly log: IncomingMessage[] = [];
  readonly directory = new MachineDirectory();
  readonly stored = new StoredSignals();
  reads = 0;

  append(one: Signal): void {
    this.log.push(arrived(encodeSignal('signals', one), BigInt(this.log.length), PARTITION));
  }

  readRange = async ({ from, to, onMessage }: Parameters<UnwrittenSignals['parts']['kafka']['readRange']>[0]) => {
    this.reads++;
    for (const message of this.log) if (message.offset >= (from as bigint) && message.offset < to!) onMessage(message);
  };
}

/** A process that folds the partition from an offset on, from when it has taken it over until it is killed. */
class Holder {
  private constructor(
    private readonly kept: Kept,
    readonly last: LastSignals,
    private readonly publisher: MachineSignalsPublisher,
  ) {}

  static async of(kept: Kept): Promise<Holder> {
    const { directory, stored } = kept;
    const last = new LastSignals((key) => stored.of(key));
    const producer = {
      send: async (messages: readonly OutgoingMessage[]) => {
        for (const message of messages) stored.apply(arrived(message, 0n));
      },
    };
    const publisher = new MachineSignalsPublisher(last, producer as never, 'machine-signals', silentLogger);
    const unwritten = new UnwrittenSignals({
      kafka: kept,
      topic: 'signals',
      directory,
      stored,
      last,
      logger: silentLogger,
    });
    await unwritten.hear([PARTITION]);
    return new Holder(kept, last, publisher);
  }

  fold(from: number, to: number): void {
    const { log, directory } = this.kept;
    const batch = new SignalBatch(
      () => () => null,
      (one, message) => this.last.hear(one, message),
    );
    const current = new Map<string, MachineState>();
    for (const message of log.slice(from, to)) batch.fold(message, current, (key) => directory.get(key) ?? null);
    this.states = [...batch.take().states.values()];
  }
  private states: ReturnType<typeof newMachineState>[] = [];

  /** What was folded is in the states that a next holder finds. */
  store(): void {
    for (const state of this.states) this.kept.directory.apply(arrived(encodeMachineState('machine-state', state), 0n));
  }

  write(): Promise<void> {
    return this.publisher.release([]).then(() => this.publisher.stop());
  }

  shows(key = KEY): Array<readonly [string, unknown, number]> {
    return (this.last.of(key) ?? this.kept.stored.of(key))
      .map(({ path, value, count }) => [path, value, count] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

test('a value that was said once, in the last seconds of a process that was killed, is shown by the next', async () => {
  const kept = new Kept();
  for (const [n, path] of ['state', 'coil', 'state', 'order', 'state'].entries()) kept.append(signal(n, path));
  const first = await Holder.of(kept);
  first.fold(0, 2);
  await first.write();
  first.fold(2, 4);
  first.store();
  const second = await Holder.of(kept);
  expect(second.shows()).toEqual([
    ['coil', 1, 1],
    ['order', 3, 1],
    ['state', 2, 2],
  ]);
  second.fold(3, 5);
  expect(second.shows()).toEqual([
    ['coil', 1, 1],
    ['order', 3, 1],
    ['state', 4, 3],
  ]);
});

test('nothing is read again where all of it is written, nor where a release wrote it that did not say how far', async () => {
  const kept = new Kept();
  kept.append(signal(0, 'a'));
  const holder = await Holder.of(kept);
  holder.fold(0, 1);
  holder.store();
  await holder.write();
  await Holder.of(kept);
  expect(kept.reads).toBe(0);
  const former = new Kept();
  former.append(signal(0, 'a'));
  const part = { tenant: 'default', machine: 'M-1', part: 0 };
  former.stored.apply(arrived(encodeMachineSignals('machine-signals', part, holder.last.of(KEY)!), 0n));
  const other = await Holder.of(former);
  other.fold(0, 1);
  other.store();
  expect((await Holder.of(former)).shows()).toEqual([['a', 0, 1]]);
  expect(former.reads).toBe(0);
});

/** As somebody asks for it who has heard the machine up to then. */
const removal = (heardAt: number | null): Signal => ({
  ...signal(0, '$removed'),
  seq: null,
  kind: 'lifecycle',
  type: 'json',
  value: { heardAt },
});
const START = Date.parse('2026-01-01T00:00:00.000Z');

test('a removal that the fold has passed over takes nothing from the next holder either', async () => {
  const kept = new Kept();
  for (const one of [signal(0, 'state'), signal(1, 'coil'), removal(START - 1), signal(2, 'order')]) kept.append(one);
  const first = await Holder.of(kept);
  first.fold(0, 2);
  first.store();
  await first.write();
  first.fold(2, 4);
  first.store();
  const second = await Holder.of(kept);
  expect(second.shows()).toEqual([
    ['coil', 1, 1],
    ['order', 2, 1],
    ['state', 0, 1],
  ]);
});

test('an old signal that makes a removed machine anew is shown by the next holder', async () => {
  const kept = new Kept();
  for (const one of [signal(0, 'state'), removal(START), signal(0, 'state'), removal(START - 1)]) kept.append(one);
  const first = await Holder.of(kept);
  first.fold(0, 4);
  first.store();
  expect((await Holder.of(kept)).shows()).toEqual([['state', 0, 1]]);
});

/**
 * Each step folds some more, and may end in a write, and in a kill before or after the states are stored; some begin with the
 * removal of the machine as it is, with one that it has spoken since, or with the last one once more.
 */
const anyStep = fc.record({
  removes: fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    { weight: 2, arbitrary: fc.constantFrom('known', 'late', 'repeated') },
  ),
  connects: fc.boolean(),
  others: fc.nat(2),
  folds: fc.nat(8),
  stores: fc.boolean(),
  writes: fc.boolean(),
  killed: fc.boolean(),
  repeats: fc.nat(4),
});

test('whenever processes are killed, the last of them shows what one that lived would', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), fc.infiniteStream(fc.nat(5)), async (steps, paths) => {
      const kept = new Kept();
      const calm = new Kept();
      const said: Signal[] = [];
      const append = (one: Signal): void => {
        kept.append(one);
        calm.append(one);
      };
      let asked: Signal | null = null;
      let holder = await Holder.of(kept);
      const lived = await Holder.of(calm);
      let next = 0;
      let folded = 0;
      for (const { removes, connects, others, folds, stores, writes, killed, repeats } of steps) {
        if (removes !== null) {
          const known = heardOf(calm.directory.get(KEY) ?? newMachineState('default', 'M-1'));
          if (removes !== 'repeated' || asked === null) asked = removal(removes === 'late' ? START - 1 : known);
          append(asked);
        }
        if (connects)
          append({ ...signal(0, '$lifecycle'), seq: null, kind: 'lifecycle', type: 'string', value: 'connected' });
        // The peer sends again what it does not know to have arrived.
        for (const again of said.slice(said.length - repeats)) append(again);
        for (let n = 0; n < folds; n++) {
          const at = new Date(START + said.length).toISOString();
          said.push({ ...signal(said.length, `tag/${paths.next().value}`), at });
          append(said.at(-1)!);
        }
        for (let n = 0; n < others; n++) append({ ...signal(calm.log.length, 'tag'), machine: 'M-2' });
        lived.fold(folded, calm.log.length);
        lived.store();
        folded = calm.log.length;
        holder.fold(next, kept.log.length);
        if (stores || !killed) {
          holder.store();
          next = kept.log.length;
        }
        if (writes) await holder.write();
        if (killed) holder = await Holder.of(kept);
      }
      holder.fold(next, kept.log.length);
      for (const key of [KEY, OTHER]) expect(holder.shows(key)).toEqual(lived.shows(key));
    }),
  );
});
