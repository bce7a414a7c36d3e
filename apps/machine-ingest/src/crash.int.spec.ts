import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Event, foldSignal, type MachineState, newMachineState, type Signal } from '@millrace/domain';
import { eventually, GroupMembers, ServiceProcess, testEnvironment } from '@millrace/test-environment';
import { readShdrLine, startShdrReading } from './signal-intake/shdr/shdr-reading';
import { IngestSite } from './test-support/ingest-site';
import { describeRecordings, recordingLines, recordingPath } from './test-support/recordings';
import { syntheticRecording } from './test-support/synthetic-recording';
import { happenings, withoutIdentities } from './test-support/without-identities';

const MACHINE = 'M-1';
const KEY = `default/${MACHINE}`;

/**
 * A state without what a kill may change: where its last signal lies, how many signals were repeats, and the identities,
 * which follow from the place of the signals that began something. Nor is `played` in it: it is told by the time at which a
 * signal came to the log, and what is folded without a log has none.
 */
const kept = ({ position: _where, played: _played, counts, ...rest }: MachineState) => {
  const { signals, duplicates, ...others } = counts;
  return JSON.parse(
    withoutIdentities()(JSON.stringify({ ...rest, counts: { ...others, folded: signals - duplicates } })),
  );
};

/** The recording as an undisturbed ingest folds it. */
const undisturbed = (file: string, lines: readonly string[]) => {
  const session = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 32);
  const place = { tenant: 'default', machine: MACHINE, source: `shdr:${MACHINE}`, session, proto: 'file' as const };
  let reading = startShdrReading;
  let state = newMachineState('default', MACHINE);
  const events: Event[] = [];
  let refused = 0;
  let offset = 0n;
  const fold = (signal: Signal) => {
    const folded = foldSignal(state, signal, { partition: 0, offset: offset++ }, () => null);
    state = folded.state;
    events.push(...folded.events);
  };
  for (const line of lines) {
    const read = readShdrLine(reading, place, line, null);
    reading = read.reading;
    if (read.refused) refused++;
    for (const signal of read.signals) fold(signal);
  }
  const at = new Date(reading.clock!.now + 60_000).toISOString();
  fold({
    ...place,
    v: 1,
    seq: reading.nextSeq,
    path: '$tick',
    kind: 'lifecycle',
    value: null,
    type: 'string',
    unit: null,
    quality: 'good',
    qualityCode: null,
    sourceTs: null,
    serverTs: null,
    receiveTs: at,
    at,
    clock: '',
    flags: [],
    raw: { proto: 'file', ref: '' },
  });
  return { events, state, refused, observations: reading.nextSeq };
};

/** First event of each id, and all of them. */
const distinct = (events: readonly Event[]): Event[] => [...new Map(events.map((event) => [event.id, event])).values()];

/** Plays `file` through the built service and kills it without warning at these shares of the recording. */
const playWithKills = async (file: string, observations: number, kills: readonly number[]) => {
  const environment = await testEnvironment();
  const site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  const variables = site.variables({ MILLRACE_SHDR_SOURCES: JSON.stringify([{ machine: MACHINE, file }]) });
  const service = await ServiceProcess.start('machine-ingest', { variables });
  const members = await GroupMembers.of(environment.brokers, `${site.topics.signals}.translation`);
  const stored = async () => {
    let total = 0n;
    for (const end of (await site.kafka.endOffsets(site.topics.signals)).values()) total += end;
    return Number(total);
  };
  try {
    for (const share of kills) {
      const least = (await eventually(async () => ({ total: await stored() }), 'the leaders of new topics')).total;
      await eventually(
        async () => (await stored()) > Math.max(least, observations * share),
        `${share} of the signals`,
        60_000,
      );
      await service.kill('SIGKILL');
      await members.leave();
      await service.startAgain();
    }
    const finished = async (): Promise<MachineState | null> => {
      const state = await site.state(KEY);
      const window = Object.values(state?.sessions ?? {})[0]?.window;
      return window?.high === observations ? state : null;
    };
    const state = await eventually(finished, 'the end of the recording', 120_000);
    const events = await site.events('mes');
    const signals = await site.signals();
    return { state, events, signals, rejected: await site.rejected(), stored: await stored() };
  } finally {
    await service.stop();
    await members.close();
    await site.close();
  }
};

type Played = Awaited<ReturnType<typeof playWithKills>>;

const expectTheSame = (played: Played, expected: ReturnType<typeof undisturbed>): void => {
  const once = distinct(played.events);
  expect(happenings(once)).toEqual(happenings(expected.events));
  // The log alone gives the same ids and bytes: a repeat of an event is the event again.
  let state = newMachineState('default', MACHINE);
  const folded: Event[] = [];
  for (const { message, read } of played.signals) {
    if (read.kind !== 'signal') throw new Error(read.detail);
    const next = foldSignal(state, read.signal, message, () => null, read.traceparent);
    state = next.state;
    folded.push(...next.events);
  }
  expect(once).toEqual(folded);
  expect(played.state).toEqual(state);
  const byId = new Map(once.map((event) => [event.id, JSON.stringify(event)]));
  expect(played.events.filter((event) => byId.get(event.id) !== JSON.stringify(event))).toEqual([]);
  expect(kept(played.state)).toEqual(kept(expected.state));
  expect(played.rejected.length).toBeGreaterThanOrEqual(expected.refused);
  expect(new Set(played.rejected.map(({ rejection }) => rejection.origin.offset)).size).toBe(expected.refused);
};

jest.setTimeout(240_000);

describe('kill -9 in the middle of a recording', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-recording-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gives the events of an undisturbed run, each once by its id', async () => {
    const text = syntheticRecording(60_000);
    const file = join(folder, 'synthetic.shdr.txt');
    writeFileSync(file, text);
    const expected = undisturbed(file, text.trimEnd().split('\n'));
    expect(expected.events.length).toBeGreaterThan(3_000);
    const played = await playWithKills(file, expected.observations, [0.01, 0.4, 0.8]);
    expectTheSame(played, expected);
  });
});

describeRecordings('kill -9 in the middle of the Mazak recording', () => {
  it('gives the golden events', async () => {
    const names = ['nist-sms-testbed', 'Mazak01-20161024-20161025.shdr.txt.gz'];
    const expected = undisturbed(recordingPath(...names), recordingLines(...names));
    const played = await playWithKills(recordingPath(...names), expected.observations, [0.3]);
    expectTheSame(played, expected);
    expect(distinct(played.events).filter(({ type }) => type === 'machine.status_changed')).toHaveLength(414);
  });
});
