import type { Signal } from '@millrace/domain';
import { dryRun, readMapping } from '@millrace/machine-mapping';
import { type EdgeMessage, EdgeSession } from '@millrace/sparkplug';
import { randomFrom } from '@millrace/test-environment';
import { describeRecordings, golden } from '../../test-support/recordings';
import { type GoldenLine, recordedFrames } from './recorded-line.fixture';
import { SparkplugIntake } from './sparkplug-intake';
import { sparkplugSettings } from './sparkplug-settings';

/** What comes of edge nodes in the end: the events of a mapping over the signals of the source. */
const MAPPING = `
apiVersion: ingest/v1
machine: { id: line-1 }
sources: { line: { type: sparkplug } }
signals:
  state: { source: line, metric: Status/StateCurrentStr, type: string }
  processed: { source: line, metric: Admin/ProdProcessedCount/0/AccCount, type: double }
rules:
  - { id: status, kind: stateMap, input: state, transitional: [], otherwise: unknown,
      map: { Execute: running, Idle: idle, Stopped: idle, Clearing: down, Resetting: idle, Starting: held } }
  - { id: made, kind: counter, input: processed, emit: production.counted, onDecrease: reset }
`;
const START = Date.parse('2026-01-05T06:00:00Z');

interface Heard {
  readonly message: EdgeMessage;
  readonly at: number;
}

/** Signals of what is heard, with the time between looked at each 250 ms. */
const signalsOf = (heard: readonly Heard[], group: string, node: string, device: string): Signal[] => {
  const settings = sparkplugSettings.parse({
    url: 'mqtt://broker',
    machines: [{ machine: 'line-1', group, node, device }],
  });
  const place = { tenant: 'default', source: 'line', proto: 'spb' } as const;
  const intake = new SparkplugIntake(settings, place, 'client', null, START, () => 0, 'process');
  const signals = [...intake.up(START, false).signals];
  let now = START;
  for (const { message, at } of heard) {
    for (; now < at; now = Math.min(at, now + 250)) signals.push(...intake.tick(now).signals);
    const whole = { ...message, qos: 0, retain: false, dup: false, receivedAt: at, settle: () => undefined } as const;
    signals.push(...intake.take(whole).signals);
  }
  return signals;
};

const eventsOf = (signals: readonly Signal[]) => {
  const read = readMapping(MAPPING);
  if (read.kind !== 'mapping') throw new Error(JSON.stringify(read));
  const run = dryRun(read.machines, signals, { tenant: 'default' });
  // Every message has places of its own: what is no repeat is never taken for one.
  expect(run.states['line-1']!.counts.duplicates).toBe(0);
  return run.events.map(({ event }) => ({
    type: event.type,
    data: JSON.parse(event.data) as {
      readonly current?: string;
      readonly delta?: number;
      readonly [name: string]: unknown;
    },
  }));
};
const statuses = (events: ReturnType<typeof eventsOf>) =>
  events.filter(({ type }) => type === 'machine.status_changed').map(({ data }) => data.current);
const made = (events: ReturnType<typeof eventsOf>) =>
  events.filter(({ type }) => type === 'production.counted').reduce((sum, { data }) => sum + Number(data.delta), 0);

describeRecordings('the recorded line', () => {
  const play = (disturb: (frames: Heard[]) => Heard[]) => {
    const frames = recordedFrames().map(({ topic, payload, ms }) => ({ message: { topic, payload }, at: START + ms }));
    return eventsOf(signalsOf(disturb(frames), 'PlantA', 'RollForm', 'Line1'));
  };

  it('tells its states once each, and all that it made; a rebirth tells nothing', () => {
    const events = play((frames) => frames);
    const { counts } = golden<GoldenLine>('sparkplug-packml-sim').sessions[0]!;
    expect(statuses(events)).toEqual(['down', 'idle', 'held', 'running']);
    expect(made(events)).toBeCloseTo(counts['Processed']!, 6);
  });

  it('tells the same of frames that come twice or change places', () => {
    const random = randomFrom(5);
    const disturbed = play((frames) =>
      frames
        .map((frame, n) => ({ frame, n: n + (frame.message.topic.includes('/DDATA/') && n > 40 ? random() * 3 : 0) }))
        .sort((a, b) => a.n - b.n)
        .flatMap(({ frame }, n, all) => {
          const at = Math.max(...all.slice(Math.max(0, n - 5), n + 1).map((one) => one.frame.at));
          return random() < 0.1
            ? [
                { ...frame, at },
                { ...frame, at },
              ]
            : [{ ...frame, at }];
        }),
    );
    const plain = play((frames) => frames);
    expect(statuses(disturbed)).toEqual(statuses(plain));
    expect(made(disturbed)).toBeCloseTo(made(plain), 6);
  });
});

it('an edge node that dies in the middle of a run: offline, and what both lives have made', () => {
  const layout = {
    group: 'G',
    node: 'E',
    aliases: true,
    metrics: [],
    devices: {
      D: [
        { name: 'Status/StateCurrentStr', type: 'String' as const, value: 'Idle' },
        { name: 'Admin/ProdProcessedCount/0/AccCount', type: 'Double' as const, value: 0 },
      ],
    },
  };
  const heard: Heard[] = [];
  let at = START + 1_000;
  const say = (...messages: EdgeMessage[]) => heard.push(...messages.map((message) => ({ message, at })));
  const count = (session: EdgeSession, value: number) => {
    at += 1_000;
    say(session.data('D', { 'Admin/ProdProcessedCount/0/AccCount': value }, at));
  };
  const first = new EdgeSession(layout, 0);
  const firstWill = first.death(at);
  say(...first.births(at));
  say(first.data('D', { 'Status/StateCurrentStr': 'Execute' }, at));
  for (let n = 1; n <= 40; n++) count(first, n);
  at += 5_000;
  // Its bdSeq is 0 again, and nobody has asked for this birth.
  say(...first.births(at));
  for (let n = 41; n <= 50; n++) count(first, n);
  const second = new EdgeSession(layout, 1);
  at += 30_000;
  say(firstWill);
  at += 60_000;
  const secondWill = second.death(at);
  say(...second.births(at));
  say(second.data('D', { 'Status/StateCurrentStr': 'Execute' }, at));
  // The death of the first life comes once more, late.
  say(firstWill);
  for (let n = 1; n <= 20; n++) count(second, n);
  at += 1_000;
  say(secondWill);
  at += 10_000;
  const events = eventsOf(signalsOf(heard, 'G', 'E', 'D'));
  expect(made(events)).toBe(70);
  expect(statuses(events)).toEqual(['idle', 'running', 'offline', 'idle', 'running', 'offline']);
});
