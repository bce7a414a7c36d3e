import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { MachineState, Signal } from '@millrace/domain';
import type { MachineSignalList, MachineView } from '@millrace/protocol';
import { randomFrom, testEnvironment } from '@millrace/test-environment';
import { connectAsync } from 'mqtt';
import { replayedEvents, toldEvents } from './test-support/machine-replay';
import { type EdgeConnection, PlayedSite, type PlayedSiteOptions } from './test-support/played-site.fixture';
import { describeRecordings } from './test-support/recordings';
import { RecordedLine, replaced, rollFormerMapping } from './test-support/rollforming';
import { bothRecordings, type Moment, PACKAGING, ROLL_FORMER } from './test-support/two-recordings.fixture';
import { happenings, withoutIdentities } from './test-support/without-identities';

/** `STORY_SEED` plays a failure again: the same messages at the same moments, and kills after the same of them. */
const SEED = Number(process.env['STORY_SEED'] ?? Date.now() % 1_000_000);
const KILLS = 30;
/** Of these so many strike the process that has just been started in the place of one that was killed. */
const ON_THE_WAY_UP = 10;
const MACHINES = [ROLL_FORMER, PACKAGING];

jest.setTimeout(600_000);

/** The example for a line by PackML. The recording's clock is believed, however long ago it was recorded. */
const packagingMapping = (): string =>
  replaced(readFileSync(join(__dirname, '../../../libs/machine-mapping/examples/packml-line.yaml'), 'utf8'), [
    [/^machine: .*$/m, `machines: [{ id: ${PACKAGING}, timeZone: Europe/Berlin }]`],
    [/^ {2}line: \{.*\}$/m, '  line: { type: sparkplug, id: line, maxSkew: 100000d }'],
  ]);

/** At QoS 1, which no edge node uses: so the broker has all that an undisturbed run hears. */
const connect = async (url: string): Promise<EdgeConnection> => {
  const client = await connectAsync(url, { reconnectPeriod: 0 });
  return {
    publish: (topic, payload) => client.publishAsync(topic, payload, { qos: 1 }),
    close: () => client.endAsync(true),
  };
};

interface Strike {
  /** Between the message after which it strikes and the kill, ms: what is done with it has got further. */
  readonly pauseMs: number;
  /** When the process that is started then is killed as well, in lengths of a start; null: it is left alone. */
  readonly again: number | null;
}

/** By the number of messages that have been said before: between the beginnings of both recordings and their ends. */
const strikesIn = (moments: readonly Moment[], random: () => number): Map<number, Strike> => {
  const kinds = moments.flatMap(({ says }) => says.map(({ kind }) => kind));
  const first = 1 + Math.max(kinds.indexOf('frame'), kinds.indexOf('post'));
  const last = Math.min(kinds.lastIndexOf('frame'), kinds.lastIndexOf('post'));
  const strikes = new Map<number, Strike>();
  while (strikes.size < KILLS - ON_THE_WAY_UP) {
    const after = first + Math.floor(random() * (last - first + 1));
    if (strikes.has(after)) continue;
    const pauseMs = random() < 0.5 ? 0 : random() * 40;
    strikes.set(after, { pauseMs, again: strikes.size < ON_THE_WAY_UP ? random() * 1.5 : null });
  }
  return strikes;
};

/** Plays all of it, and kills the process where it is struck. */
const play = async (
  site: PlayedSite,
  moments: readonly Moment[],
  strikes: ReadonlyMap<number, Strike>,
): Promise<void> => {
  let sent = 0;
  for (const moment of moments) {
    const onTheWayUp: number[] = [];
    await site.say(moment, async () => {
      const strike = strikes.get(++sent);
      if (strike === undefined) return;
      await delay(strike.pauseMs);
      await site.kill();
      if (strike.again !== null) onTheWayUp.push(strike.again * site.startMs);
    });
    for (const ms of onTheWayUp) {
      await delay(ms);
      await site.kill();
    }
    await site.stored();
  }
  await site.folded(moments.at(-1)!.at);
};

/** What a person is shown, without the counts in which repeats and words about the connection are. */
const shown = ({ counts: { signals: _all, duplicates: _repeats, ...counts }, ...view }: MachineView) => ({
  ...view,
  counts,
});

/** The same of a state, without where it lies, and how often what has not changed was looked at. */
const kept = ({ position: _where, counts, derived, ...state }: MachineState) => {
  const { signals: _all, duplicates: _repeats, ...others } = counts;
  const values = Object.entries(derived).map(([alias, { samples: _looks, ...held }]) => [alias, held]);
  return { ...state, counts: others, derived: values };
};

const comparable = (whole: unknown): unknown => JSON.parse(withoutIdentities()(JSON.stringify(whole)));

/** Plays it on a site of its own; what came of it. */
const run = async (options: PlayedSiteOptions, moments: readonly Moment[], strikes: ReadonlyMap<number, Strike>) => {
  const site = await PlayedSite.start(options);
  try {
    await play(site, moments, strikes);
    const get = async <T>(path: string) => (await site.get(path)).body as T;
    const told = await toldEvents(site.site, 'mes');
    const machines = MACHINES.map(async (machine) => ({
      machine,
      happened: happenings(told.get(machine) ?? []),
      shown: comparable(shown(await get<MachineView>(`/v1/machines/${machine}`))),
      values: (await get<MachineSignalList>(`/v1/machines/${machine}/signals?limit=200`)).data,
      state: comparable(kept((await site.site.state(`default/${machine}`))!)),
    }));
    return {
      machines: await Promise.all(machines),
      told,
      replayed: await replayedEvents(site.site),
      heard: await site.heard(),
      rejected: await site.site.rejected(),
      log: await site.signals(),
      accepted: site.accepted,
      kills: site.kills,
    };
  } finally {
    await site.close();
  }
};

const placeOf = ({ machine, source, session, seq, path }: Signal): string =>
  JSON.stringify([machine, source, session, seq, path]);

describeRecordings('kill -9 at 30 random points of two recordings', () => {
  const compiled = mkdtempSync(join(tmpdir(), 'millrace-compiled-'));
  afterAll(() => rmSync(compiled, { recursive: true, force: true }));

  it('nothing that was acknowledged is missing, and what is told and shown is that of an undisturbed run', async () => {
    process.stdout.write(`killed-anywhere: STORY_SEED=${SEED}\n`);
    const random = randomFrom(SEED);
    const line = RecordedLine.endingAt(Date.now() - 1_800_000);
    const recorded = bothRecordings(line, random);
    const ended = recorded.at(-1)!.at;
    // What the last of it leaves waiting is due then: a state on the way to another, a silence.
    const moments = [...recorded, ...[70_000, 900_000].map((ms): Moment => ({ at: ended + ms, says: [] }))];
    const options: PlayedSiteOptions = {
      environment: await testEnvironment(),
      connect,
      mappings: [rollFormerMapping('roll-former', [ROLL_FORMER]), packagingMapping()],
      now: recorded[0]!.at - 60_000,
      compiled,
    };
    const calm = await run(options, moments, new Map());
    const killed = await run(options, moments, strikesIn(recorded, random));

    // Both recordings were under way at each kill; most found something that was not stored, and some a take-over.
    expect(killed.kills).toHaveLength(KILLS);
    const all = recorded.flatMap(({ says }) => says);
    const frames = all.flatMap((one) => (one.kind === 'frame' ? [one] : []));
    const posts = all.flatMap((one) => (one.kind === 'post' ? [one] : []));
    const underWay = killed.kills.filter(
      (kill) => kill.frames > 0 && kill.posts > 0 && kill.frames <= frames.length && kill.posts <= posts.length,
    );
    expect(underWay).toHaveLength(KILLS);
    // How many is the pace of the machine: a quiet one has stored what was said before it is struck.
    expect(killed.kills.filter(({ unread, unanswered }) => unread + unanswered > 0).length).toBeGreaterThan(KILLS / 10);
    expect(killed.kills.filter(({ reading }) => !reading).length).toBeGreaterThan(0);

    // Nothing is missing that was answered 202, nor anything that the broker has taken; in its order.
    expect(killed.accepted.map(({ key }) => key)).toEqual(posts.map(({ key }) => key));
    const stored = new Set(killed.log.map(placeOf));
    expect(posts.flatMap(({ signals }) => signals.map(placeOf)).filter((place) => !stored.has(place))).toEqual([]);
    expect(killed.heard).toHaveLength(frames.reduce((sum, { values }) => sum + values, 0));
    expect(killed.heard).toEqual(calm.heard);
    expect([...calm.rejected, ...killed.rejected]).toEqual([]);

    // An event's id is its place in the log, which repeats move. Under the same ids the log alone gives the same events.
    expect(killed.machines).toEqual(calm.machines);
    for (const { told, replayed } of [calm, killed])
      for (const machine of MACHINES) expect(told.get(machine)).toEqual(replayed.get(machine));
    const [bundle, ...others] = killed.told.get(ROLL_FORMER)!.filter(({ type }) => type.startsWith('bundle.'));
    const { integrity, ...result } = JSON.parse(bundle!.data);
    expect(others).toEqual([]);
    expect(JSON.stringify(result)).toBe(line.bundle);
    expect(integrity).toMatchObject({ revision: 1, gaps: [], violations: [], closedUnseen: false });
  });
});
