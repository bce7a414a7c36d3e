import type { Signal } from '@millrace/domain';
import { parseTopic } from '@millrace/sparkplug';
import { randomFrom } from '@millrace/test-environment';
import { describeRecordings, golden } from '../../test-support/recordings';
import type { MqttMessage } from '../mqtt/mqtt-connection';
import { type Frame, type GoldenLine, numbersOf, recordedFrames } from './recorded-line.fixture';
import { SparkplugIntake } from './sparkplug-intake';
import { sparkplugSettings } from './sparkplug-settings';

const START = Date.parse('2026-01-05T06:00:00Z');

const newIntake = () =>
  new SparkplugIntake(
    sparkplugSettings.parse({
      url: 'mqtt://broker',
      machines: [{ machine: 'line-1', group: 'PlantA', node: 'RollForm', device: 'Line1' }],
    }),
    { tenant: 'default', source: 'line', proto: 'spb' },
    'client',
    null,
    START,
    () => 0,
    'process',
  );

/** Plays frames; `ms` of each is when it comes. */
const play = (frames: readonly Frame[]) => {
  const intake = newIntake();
  const signals: Signal[] = [...intake.up(START, false).signals];
  let settled = 0;
  const refused: unknown[] = [];
  for (const { ms, topic, qos, payload } of frames) {
    const receivedAt = START + ms;
    const message: MqttMessage = {
      topic,
      qos,
      payload,
      receivedAt,
      retain: false,
      dup: false,
      settle: () => undefined,
    };
    for (const outcome of [intake.tick(receivedAt), intake.take(message)]) {
      signals.push(...outcome.signals);
      refused.push(...outcome.refused);
      settled += outcome.settled.length;
    }
  }
  return { signals, settled, refused, intake };
};

const told = (signals: readonly Signal[]) => signals.filter(({ path }) => !path.startsWith('$'));

describeRecordings('the recorded line', () => {
  const expected = () => golden<GoldenLine>('sparkplug-packml-sim');
  const frames = recordedFrames();

  it('has the golden numbers', () => {
    const line = expected();
    const { signals, settled, refused, intake } = play(frames);
    const byType: { [type: string]: number } = {};
    for (const { topic } of frames) {
      const parsed = parseTopic(topic);
      if (parsed.kind === 'message') byType[parsed.type] = (byType[parsed.type] ?? 0) + 1;
    }
    expect([frames.length, byType]).toEqual([line.frames, line.byType]);
    const { births, states, counts, typeChanges } = line.sessions[0]!;
    const { sessions, ...numbers } = numbersOf(signals);
    expect(numbers).toEqual({ births, states, counts, typeChanges });
    expect(sessions.map((session) => session.split('/').slice(0, 3).join('/'))).toEqual(
      Array(births).fill(`PlantA/RollForm/${line.sessions[0]!.bdSeq}`),
    );
    expect([settled, refused]).toEqual([line.frames, []]);
    // Finding 3: numbers wrap, and 0 is missing on the wire; nothing is lost and nothing is a duplicate.
    expect(intake.counts()).toMatchObject({
      gaps: 0,
      lost: 0,
      duplicates: 0,
      births: 1,
      rebirths: 1,
      held: 0,
      rebirthsAsked: 0,
    });
    expect(signals.filter(({ path }) => path === '$gap')).toEqual([]);
  });

  it('a rebirth is a snapshot, and no event of the machine', () => {
    const { signals } = play(frames);
    const words = signals
      .filter(({ path, value }) => path === '$lifecycle' && value !== 'alive')
      .map(({ value }) => value);
    expect(words).toEqual(['connected', 'birth']);
  });

  it('numbers signals so that each machine sees them rise', () => {
    const high = new Map<string, number>();
    for (const { session, seq } of told(play(frames).signals)) {
      expect(seq!).toBeGreaterThan(high.get(session) ?? -1);
      high.set(session, seq!);
    }
  });

  it.each([1, 2, 3, 4, 5])(
    'is the same with frames that come twice and frames that change places (seed %i)',
    (seed) => {
      const random = randomFrom(seed);
      const disturbed: Frame[] = [];
      const again: Array<{ readonly at: number; readonly frame: Frame }> = [];
      frames.forEach((frame, index) => {
        disturbed.push(frame);
        if (random() < 0.1) again.push({ at: index + Math.floor(random() * 20), frame });
        for (let n = again.length - 1; n >= 0; n--)
          if (again[n]!.at <= index) disturbed.push(...again.splice(n, 1).map((one) => one.frame));
      });
      for (let n = 40; n < disturbed.length - 1; n++) {
        const isData = (at: number) => disturbed[at]!.topic.includes('/DDATA/');
        if (random() < 0.05 && isData(n) && isData(n + 1) && isData(n - 1))
          [disturbed[n], disturbed[n + 1]] = [
            { ...disturbed[n + 1]!, ms: disturbed[n]!.ms },
            { ...disturbed[n]!, ms: disturbed[n + 1]!.ms },
          ];
      }
      const plain = play(frames);
      const other = play(disturbed);
      const facts = (signals: readonly Signal[]) =>
        told(signals).map(({ session, seq, path, value, flags }) => [session, seq, path, value, flags]);
      expect(facts(other.signals)).toEqual(facts(plain.signals));
      expect(other.intake.counts()).toMatchObject({ gaps: 0, lost: 0, late: 0 });
      expect(other.intake.counts()['duplicates']).toBeGreaterThan(50);
    },
  );

  it('with frames missing tells of each of them', () => {
    const missing = new Set([60, 61, 200, 700]);
    const { signals, intake } = play(frames.filter(({ n }) => !missing.has(n)));
    const gaps = signals.filter(({ path }) => path === '$gap').map(({ value }) => (value as { lost: number }).lost);
    expect(gaps).toEqual([2, 1, 1]);
    expect(intake.counts()).toMatchObject({ gaps: 3, lost: 4 });
  });

  it('goes on in a successor, at any frame, without a rebirth', () => {
    const plain = play(frames);
    for (const cut of [3, 40, 356, 500, 672, 1_000]) {
      const first = play(frames.slice(0, cut));
      const cursor = JSON.parse(JSON.stringify(first.intake.cursor()));
      const second = new SparkplugIntake(
        sparkplugSettings.parse({
          url: 'mqtt://broker',
          machines: [{ machine: 'line-1', group: 'PlantA', node: 'RollForm', device: 'Line1' }],
        }),
        { tenant: 'default', source: 'line', proto: 'spb' },
        'client',
        cursor,
        START,
        () => 0,
        'successor',
      );
      const rest = frames.slice(cut).flatMap(({ ms, topic, qos, payload }) => {
        const receivedAt = START + ms;
        const outcomes = [
          second.tick(receivedAt),
          second.take({ topic, qos, payload, receivedAt, retain: false, dup: false, settle: () => undefined }),
        ];
        return outcomes.flatMap((outcome) => outcome.signals);
      });
      const facts = (signals: readonly Signal[]) => told(signals).map(({ path, value, type }) => [path, value, type]);
      expect([...facts(first.signals), ...facts(rest)]).toEqual(facts(plain.signals));
      expect(second.counts()).toMatchObject({ gaps: 0, held: 0, rebirthsAsked: 0 });
    }
  });
});
