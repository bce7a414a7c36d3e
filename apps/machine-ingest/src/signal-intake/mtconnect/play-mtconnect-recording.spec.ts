import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Signal } from '@millrace/domain';
import { silentLogger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import { describeRecordings, golden, recordingPath } from '../../test-support/recordings';
import { streamsFixture } from '../../test-support/streams-fixture';
import type { RefusedLine } from '../source';
import type { SourceCursor } from '../source-kind';
import { mtconnectRecordingKind } from './mtconnect-recording.kind';

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
  readonly cursor: SourceCursor | null;
  readonly health: { readonly state: string; readonly detail: string | null };
}

/** Plays a file to its end; `cursor` is what a predecessor has left. */
const play = async (file: string, cursor: SourceCursor | null = null): Promise<Played> => {
  const signals: Signal[] = [];
  const refused: RefusedLine[] = [];
  const left: { cursor: SourceCursor | null } = { cursor: null };
  const settings = mtconnectRecordingKind.settings.parse({ file, machine: 'SAW-1' });
  const source = mtconnectRecordingKind.open(settings, {
    tenant: 'default',
    name: 'mtconnect:SAW-1',
    cursor,
    logger: silentLogger,
    clock: () => 1_000,
    random: () => 0,
    newId: () => 'unused',
    folder: '',
    sink: {
      append: async (batch, options) => {
        signals.push(...batch);
        left.cursor = options.cursor ?? left.cursor;
      },
      refuse: async (line) => void refused.push(line),
    },
  });
  source.start();
  await eventually(() => ['finished', 'degraded'].includes(source.health().connection.state), 'the end');
  await source.stop();
  const { connection } = source.health();
  const detail = 'reason' in connection ? connection.reason : null;
  return { signals, refused, health: { state: connection.state, detail }, cursor: left.cursor };
};

describe('a document', () => {
  it('becomes signals in the order of its sequence, and its time goes on for a minute', async () => {
    const { signals, health } = await play(written('m.xml', streamsFixture()));
    expect(health).toMatchObject({ state: 'finished', detail: null });
    expect(signals.map(({ seq, path }) => [seq, path]).slice(-2)).toEqual([
      [12, 'asset_chg'],
      [12, '$tick'],
    ]);
    expect(signals.slice(0, -1).map(({ session, seq }) => [session, seq])).toEqual(
      Array.from({ length: 12 }, (_, n) => ['1475083573', n + 1]),
    );
    expect(signals[12]).toMatchObject({ session: '1475083573:end', receiveTs: '2026-01-05T06:05:02.000Z' });
    expect(signals.filter(({ kind }) => kind === 'condition').map(({ value }) => value)).toMatchObject([
      { level: 'FAULT', nativeCode: '007', text: 'oil is hot' },
      { level: 'NORMAL', nativeCode: '' },
    ]);
  });

  it('is unpacked, and goes on where it was left', async () => {
    const once = await play(written('m.xml.gz', gzipSync(streamsFixture())));
    expect(once.signals).toHaveLength(13);
    expect(once.cursor).toEqual({ session: '1475083573', next: 13 });
    const rest = await play(written('m.xml', streamsFixture()), { session: '1475083573', next: 10 });
    expect(rest.signals.map(({ seq }) => seq)).toEqual([10, 11, 12, 12]);
    const other = await play(written('m.xml', streamsFixture()), { session: 'another', next: 10 });
    expect(other.signals).toHaveLength(13);
  });

  it('that begins with what an agent stamped months later keeps the time of the machine', async () => {
    const late = streamsFixture().replaceAll('2026-01-05T06:00:00.000Z', '2026-07-01T00:00:00.000Z');
    const { signals } = await play(written('late.xml', late));
    expect(signals[0]).toMatchObject({ quality: 'stale', clock: 'agent', receiveTs: '2026-01-05T06:00:58.000Z' });
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
    expect(health.state).toBe('degraded');
  });

  it('one that is not there is only told', async () => {
    for (const name of ['nothing.xml', 'nothing.xml.gz']) {
      const { refused, health } = await play(join(folder, name));
      expect([refused, health.state]).toEqual([[], 'degraded']);
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
    const text = gunzipSync(readFileSync(recordingPath('nist-sms-testbed', `${file}.gz`))).toString('utf8');
    const said = observed.filter(({ path }) => path === 'execution').map(({ value }) => value ?? 'UNAVAILABLE');
    expect(said).toEqual(executions(text));
    expect(observed.filter(({ kind }) => kind === 'condition')).toHaveLength(
      [...text.matchAll(/<(Normal|Warning|Fault|Unavailable) /g)].length,
    );
  });
});

/** The execution states of a document by their sequence, by another way than the reader's. */
const executions = (text: string): string[] =>
  [...text.matchAll(/<Execution [^>]*name="execution" sequence="(\d+)"[^>]*>([A-Z_]+)</g)]
    .map(([, sequence, value]) => ({ sequence: Number(sequence), value: value! }))
    .sort((a, b) => a.sequence - b.sequence)
    .map(({ value }) => value);
