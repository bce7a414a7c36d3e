import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  DEFAULT_MAPPING,
  type Event,
  foldSignal,
  type MachineState,
  newMachineState,
  type Signal,
} from '@millrace/domain';
import { silentLogger } from '@millrace/telemetry';
import { describeRecordings, golden, recordingPath } from '../../test-support/recordings';
import { streamsFixture } from '../../test-support/streams-fixture';
import type { RefusedLine } from '../source';
import { MtconnectFileSource } from './mtconnect-file.source';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mtconnect-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const written = (name: string, content: string | Buffer): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};

interface Played {
  readonly signals: Signal[];
  readonly refused: RefusedLine[];
  readonly health: { readonly state: string; readonly detail: string | null };
}

/** Plays a file to its end; `stored` is the position that is folded already. */
const play = async (file: string, stored: number | null = null): Promise<Played> => {
  const signals: Signal[] = [];
  const refused: RefusedLine[] = [];
  const source = new MtconnectFileSource({
    tenant: 'default',
    machine: 'SAW-1',
    file,
    device: null,
    logger: silentLogger,
    clock: () => 1_000,
    sink: {
      append: async (batch) => void signals.push(...batch),
      refuse: async (line) => void refused.push(line),
    },
  });
  source.start(() => stored);
  while (!['finished', 'failed'].includes(source.health().state)) await new Promise(setImmediate);
  await source.stop();
  return { signals, refused, health: source.health() };
};

const fold = (signals: readonly Signal[]): { state: MachineState; events: Event[] } => {
  let state = newMachineState('default', 'SAW-1');
  const events: Event[] = [];
  signals.forEach((signal, offset) => {
    const folded = foldSignal(state, signal, { partition: 0, offset: BigInt(offset) }, DEFAULT_MAPPING);
    state = folded.state;
    events.push(...folded.events);
  });
  return { state, events };
};

const told = (events: readonly Event[], type: string) =>
  events.filter((event) => event.type === type).map(({ data }) => JSON.parse(data) as Record<string, unknown>);

describe('a document', () => {
  it('becomes the events that the same recording as SHDR would', async () => {
    const { signals, health } = await play(written('m.xml', streamsFixture()));
    expect(health).toMatchObject({ state: 'finished', detail: null });
    expect(signals.map(({ seq, path }) => [seq, path]).slice(-2)).toEqual([
      [12, 'asset_chg'],
      [12, '$tick'],
    ]);
    const { state, events } = fold(signals);
    expect(told(events, 'machine.status_changed').map(({ current }) => current)).toEqual([
      'offline',
      'running',
      'idle',
    ]);
    expect(told(events, 'machine.alarm')).toMatchObject([
      { status: 'raised', item: 'hydraulic', code: '007', severity: 'fault', text: 'oil is hot' },
      { status: 'cleared', item: 'hydraulic', code: '007', durationSeconds: 60 },
    ]);
    expect(told(events, 'production.run_completed')).toMatchObject([
      { parts: 1, partsBefore: 10, partsAfter: 11, program: 'A&B <7>', durationSeconds: 180, quality: 'good' },
    ]);
    expect(state.counts).toMatchObject({ duplicates: 0, clockSuspect: 0 });
  });

  it('is unpacked, and has no second effect', async () => {
    const once = await play(written('m.xml.gz', gzipSync(streamsFixture())));
    expect(once.signals).toHaveLength(13);
    const rest = await play(written('m.xml', streamsFixture()), 9);
    expect(rest.signals.map(({ seq }) => seq)).toEqual([10, 11, 12, 12]);
    const again = fold([...once.signals, ...once.signals, ...rest.signals]);
    expect(again.events).toEqual(fold(once.signals).events);
    expect(again.state.counts.duplicates).toBe(17);
  });

  it('that begins with what an agent stamped months later keeps the time of the machine', async () => {
    const late = streamsFixture().replaceAll('2026-01-05T06:00:00.000Z', '2026-07-01T00:00:00.000Z');
    const { signals } = await play(written('late.xml', late));
    expect(signals[0]).toMatchObject({ quality: 'stale', clock: 'agent', receiveTs: '2026-01-05T06:00:58.000Z' });
    const [run] = told(fold(signals).events, 'production.run_completed');
    expect(run).toMatchObject({ startedAt: '2026-01-05T06:01:00.000Z', durationSeconds: 180 });
  });
});

/** A document that goes on for so many MiB. */
const documentOf = (mebibytes: number): Buffer =>
  Buffer.concat([
    Buffer.from('<MTConnectStreams>'),
    Buffer.alloc(mebibytes * 1024 * 1024, `<!--${' '.repeat(8_000)}-->`),
  ]);

describe('a file that cannot be used is refused whole, with its bytes', () => {
  const document = streamsFixture();
  it.each([
    ['cut off', document.slice(0, -30), 'truncated'],
    ['cut off while packed', gzipSync(document).subarray(0, -20), 'truncated'],
    ['not packed', document, 'truncated'],
    ['an error page', '<html><body>502</body></html>', 'not_streams'],
    ['with a DOCTYPE', `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>${document}`, 'doctype'],
    ['not UTF-8', Buffer.concat([Buffer.from(document), Buffer.from([0xff])]), 'malformed'],
    ['with one wrong observation at its end', document.replace('sequence="7"', 'sequence="x"'), 'invalid_observation'],
    ['packed so that it fills the memory', gzipSync(Buffer.alloc(80 * 1024 * 1024, '<a>')), 'too_large'],
    ['long and flat', documentOf(67), 'too_large'],
    ['empty', '', 'malformed'],
  ])('%s', async (title, content, code) => {
    const { signals, refused, health } = await play(
      written(`bad.xml${title.includes('packed') ? '.gz' : ''}`, content),
    );
    expect(signals).toEqual([]);
    expect(refused).toMatchObject([{ source: 'mtconnect:SAW-1', line: 1, code, at: 1_000 }]);
    expect(refused[0]!.bytes.equals(Buffer.from(content).subarray(0, 65_536))).toBe(true);
    expect(health.state).toBe('failed');
  });

  it('one that is not there is only told', async () => {
    for (const name of ['nothing.xml', 'nothing.xml.gz']) {
      const { refused, health } = await play(join(folder, name));
      expect([refused, health.state]).toEqual([[], 'failed']);
      expect(health.detail).toContain('ENOENT');
    }
  });
});

interface GoldenStreams {
  readonly file: string;
  readonly instanceId: string;
  readonly observations: number;
  readonly minSequence: number;
  readonly maxSequence: number;
}

describeRecordings('real documents', () => {
  const documents = golden<{ streams: GoldenStreams[] }>('nist-sms-testbed').streams;
  it.each(documents.map((expected) => [expected.file, expected] as const))('%s', async (file, expected) => {
    const { signals, refused } = await play(recordingPath('nist-sms-testbed', `${file}.gz`));
    const observed = signals.filter(({ path }) => path !== '$tick');
    expect(refused).toEqual([]);
    expect(observed).toHaveLength(expected.observations);
    expect(new Set(observed.map(({ session }) => session))).toEqual(new Set([expected.instanceId]));
    expect(observed.map(({ seq }) => seq)).toEqual(
      Array.from({ length: expected.observations }, (_, n) => expected.minSequence + n),
    );
    expect(observed[observed.length - 1]!.seq).toBe(expected.maxSequence);
    const { state, events } = fold(signals);
    expect(state.counts).toMatchObject({ signals: expected.observations + 1, duplicates: 0 });
    const text = gunzipSync(readFileSync(recordingPath('nist-sms-testbed', `${file}.gz`))).toString('utf8');
    expect(told(events, 'machine.status_changed').map(({ sourceState }) => sourceState)).toEqual(executions(text));
    expect(observed.filter(({ kind }) => kind === 'condition')).toHaveLength(
      [...text.matchAll(/<(Normal|Warning|Fault|Unavailable) /g)].length,
    );
  });
});

/** The execution states of a document without those that change no status of ours, by another way than the reader's. */
const executions = (text: string): string[] => {
  const said = [...text.matchAll(/<Execution [^>]*name="execution" sequence="(\d+)"[^>]*>([A-Z_]+)</g)]
    .map(([, sequence, value]) => ({ sequence: Number(sequence), value: value! }))
    .sort((a, b) => a.sequence - b.sequence);
  expect(said.length).toBeGreaterThan(1);
  const statusOf = (value: string | undefined) => (value === undefined ? 'unknown' : DEFAULT_MAPPING.status.map[value]);
  return said.map(({ value }) => value).filter((value, n) => statusOf(value) !== statusOf(said[n - 1]?.value));
};
