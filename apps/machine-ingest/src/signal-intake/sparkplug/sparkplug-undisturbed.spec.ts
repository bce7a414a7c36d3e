import type { MachineState } from '@millrace/domain';
import { dryRun, readMapping } from '@millrace/machine-mapping';
import { type EdgeMessage, EdgeSession, rebirthCommand } from '@millrace/sparkplug';
import { randomFrom } from '@millrace/test-environment';
import { describeRecordings } from '../../test-support/recordings';
import { KeptByTheBroker, type KilledAt } from './kept-by-the-broker.fixture';
import { recordedFrames } from './recorded-line.fixture';
import { sparkplugSettings } from './sparkplug-settings';

/**
 * An edge node whose messages the broker keeps (QoS 1), heard by processes that are killed between any two of them: the
 * events and the state at the end are those of one process that nobody disturbs.
 *
 * Equal is each event in its order: type, source, subject, time and data. Not equal can be
 * - what is made of the place of a signal in the log, where a message that is read again takes one too: ids of events, runs
 *   and alarms, and the counts of signals and duplicates;
 * - where what was said was not stored before the process was killed: the time of the log, which is when it is stored. A
 *   debounce, a delay or a watchdog counts from then, and so does a duration that begins and ends under two clocks, as of two
 *   lives of a node, and the moment of a death, which is that of its receipt. All other events have the machine's own time.
 * Of the state nothing else differs but which signal came last: each process says that it is connected.
 */
const MAPPING = (times: boolean) => `
apiVersion: ingest/v1
machine: { id: line-1 }
sources: { line: { type: sparkplug } }
signals:
  state: { source: line, metric: Status/StateCurrentStr, type: string }
  processed: { source: line, metric: Admin/ProdProcessedCount/0/AccCount, type: double }
  speed: { source: line, metric: Status/CurMachSpeed, type: double }
rules:
  - { id: status, kind: stateMap, input: state, ${times ? 'debounce: 300ms, ' : ''}transitional: [], otherwise: unknown,
      map: { Execute: running, Idle: idle, Stopped: idle, Clearing: down, Resetting: idle, Starting: held } }
  - { id: made, kind: counter, input: processed, emit: production.counted, onDecrease: reset }
  - { id: run, kind: run, start: "state.edge('Execute')", end: "state.edge('Idle') || state.edge('Stopped')", counters: [made] }
  - { id: fast, kind: threshold, input: speed, raiseAbove: 10, clearBelow: 5, alarm: { code: FAST, severity: low, text: fast } }
  ${times ? '- { id: silent, kind: watchdog, source: line, timeout: 30s, recoverAfter: 1s }' : ''}
`;
const machinesOf = (times: boolean) => {
  const read = readMapping(MAPPING(times));
  if (read.kind !== 'mapping') throw new Error(JSON.stringify(read));
  return read.machines;
};
const WITH_TIMES = machinesOf(true);
const WITHOUT_TIMES = machinesOf(false);

interface Said {
  /** Unix ms. */
  readonly at: number;
  readonly message: EdgeMessage;
}

interface Line {
  readonly group: string;
  readonly node: string;
  readonly device: string;
  readonly said: readonly Said[];
}

/** After so many messages a process is killed; the cursor that it leaves is so many messages old. */
interface Kill {
  readonly after: number;
  readonly behind: number;
  readonly at: KilledAt;
}

const hear = ({ said, ...node }: Line, kills: readonly Kill[]): KeptByTheBroker => {
  const settings = sparkplugSettings.parse({ url: 'mqtt://broker', machines: [{ machine: 'line-1', ...node }] });
  const world = new KeptByTheBroker(settings, said[0]!.at, 500);
  const killAfter = new Map(kills.map((kill) => [kill.after, kill]));
  const begins = new Set(kills.map(({ after, behind }) => after - behind));
  let stores = true;
  said.forEach(({ at, message }, index) => {
    world.pass(at - world.now);
    world.publish(message);
    if (begins.has(index)) stores = false;
    world.read(world.waiting);
    const kill = killAfter.get(index + 1);
    if (kill !== undefined) {
      world.finish(kill.at);
      world.read(world.waiting);
      stores = true;
    }
    if (stores) world.finish();
  });
  world.finish();
  return world;
};

/** Ids that are made of a place in the log, by the order in which they are told. */
const named = (): ((text: string) => string) => {
  const names = new Map<string, string>();
  return (text) =>
    text.replace(/\b(run|alm)_[0-9a-zA-Z-]+/g, (id, kind) => {
      if (!names.has(id)) names.set(id, `${kind} ${names.size}`);
      return names.get(id)!;
    });
};

/** Members that tell times of the log. */
const LOG_TIMES: ReadonlySet<string> = new Set(['at', 'passedAt', 'since', 'previousSeconds', 'durationSeconds']);

/** `times`: of the log, and rules that go by them. */
const told = (world: KeptByTheBroker, times: boolean): { readonly types: readonly string[]; readonly text: string } => {
  const { events, states } = dryRun(times ? WITH_TIMES : WITHOUT_TIMES, world.log, { tenant: 'default' });
  const { counts, position: _position, lastSignal: _last, ...state } = states['line-1'] as MachineState;
  const { signals: _signals, duplicates: _duplicates, ...others } = counts;
  const all = {
    events: events.map(({ event: { type, source, subject, time, data: text } }) => {
      const data = JSON.parse(text) as { readonly reason?: string };
      return { type, source, subject, time: times || data.reason !== 'death' ? time : 'of its receipt', data };
    }),
    state: { ...state, unmapped: times ? state.unmapped : Object.keys(state.unmapped), counts: others },
  };
  const left = (name: string, value: unknown) => (!times && LOG_TIMES.has(name) ? undefined : value);
  return { types: events.map(({ event: { type } }) => type), text: named()(JSON.stringify(all, left, 1)) };
};

/** What a line tells undisturbed, to be compared with what it tells when processes are killed. */
class Undisturbed {
  readonly told: { readonly [times in 'true' | 'false']: ReturnType<typeof told> };

  constructor(private readonly line: Line) {
    const world = hear(line, []);
    this.told = { true: told(world, true), false: told(world, false) };
  }

  isToldWith(kills: readonly Kill[]): void {
    const world = hear(this.line, kills);
    // Of one message, read again at once, no time has passed.
    const times = kills.every(({ behind }) => behind === 1);
    expect([world.refused, world.waiting]).toEqual([[], 0]);
    const { text } = told(world, times);
    if (text === this.told[`${times}`].text) return;
    expect([kills.slice(0, 5), text]).toEqual([[], this.told[`${times}`].text]);
  }
}

const PLACES: readonly KilledAt[] = [
  'nothing is stored',
  'some signals are stored',
  'all signals are stored',
  'the cursor is stored',
  'some acknowledgements have gone',
];

const COUNT = 'Admin/ProdProcessedCount/0/AccCount';

/** A run, the death of the node in the middle of it, a second life, and the first one's death once more. */
const dyingNode = (): Line => {
  const devices = {
    D: [
      { name: 'Status/StateCurrentStr', type: 'String', value: 'Idle' },
      { name: COUNT, type: 'Double', value: 0 },
      { name: 'Status/CurMachSpeed', type: 'Double', value: 0 },
    ],
  } as const;
  const layout = { group: 'G', node: 'E', aliases: true, metrics: [], devices };
  const said: Said[] = [];
  let at = Date.parse('2026-01-05T06:00:00Z');
  const say = (...messages: EdgeMessage[]) => said.push(...messages.map((message) => ({ message, at })));
  const make = (session: EdgeSession, from: number, to: number) => {
    for (let count = from; count <= to; count++) {
      at += 700;
      say(session.data('D', { [COUNT]: count, 'Status/CurMachSpeed': count % 13 }, at));
    }
  };
  const run = (session: EdgeSession) => {
    at += 500;
    say(session.data('D', { 'Status/StateCurrentStr': 'Execute' }, at));
  };
  const first = new EdgeSession(layout, 0);
  const firstWill = first.death(at);
  say(...first.births(at));
  run(first);
  make(first, 1, 30);
  at += 1_000;
  say(...first.births(at));
  make(first, 31, 35);
  at += 20_000;
  say(firstWill);
  at += 5_000;
  const second = new EdgeSession(layout, 1);
  const secondWill = second.death(at);
  say(...second.births(at));
  run(second);
  say(firstWill);
  make(second, 1, 12);
  say(second.deviceDeath('D', at));
  at += 3_000;
  // Another host asks.
  say({ topic: 'spBv1.0/G/NCMD/E', payload: rebirthCommand(at) }, ...second.births(at));
  run(second);
  make(second, 13, 20);
  at += 1_000;
  say(second.data('D', { 'Status/StateCurrentStr': 'Stopped' }, at));
  at += 2_000;
  say(secondWill);
  return { group: 'G', node: 'E', device: 'D', said };
};

const placeAfter = (after: number): KilledAt => PLACES[after % PLACES.length]!;

describe('a node that dies, and comes back', () => {
  const line = dyingNode();
  const undisturbed = new Undisturbed(line);

  it('tells what it should, undisturbed', () => {
    for (const type of ['machine.status_changed', 'production.counted', 'production.run_completed', 'machine.alarm'])
      expect(undisturbed.told.true.types).toContain(type);
  });

  it.each([0, 2, 4])('is told the same when a process is killed after any message (%i)', (turn) => {
    for (let after = 1; after <= line.said.length; after++)
      undisturbed.isToldWith([{ after, behind: 1, at: placeAfter(after + turn) }]);
  });

  it.each([2, 9])('is told the same when that process has stored nothing, or not all, of %i messages', (behind) => {
    for (let after = behind; after <= line.said.length; after++)
      undisturbed.isToldWith([{ after, behind, at: placeAfter(after) }]);
  });

  it.each(PLACES)('is told the same when a process is killed after each message: when %s', (at) => {
    undisturbed.isToldWith(line.said.map((_, index) => ({ after: index + 1, behind: 1, at })));
  });
});

describeRecordings('the recorded line', () => {
  const frames = recordedFrames();
  /** When the first frame was sent, by its own stamp: other times would make its clock a suspect one. */
  const start = Date.parse('2026-11-20T23:20:26.000Z');
  const said = frames.map(({ topic, payload, ms }) => ({ message: { topic, payload }, at: start + ms }));
  const undisturbed = new Undisturbed({ group: 'PlantA', node: 'RollForm', device: 'Line1', said });

  it.each([0, 1])('is told the same when a process is killed after each message (%i)', (turn) => {
    expect(undisturbed.told.true.types.length).toBeGreaterThan(100);
    undisturbed.isToldWith(
      said.map((_, index) => ({ after: index + 1, behind: 1, at: placeAfter(index * (turn + 1) + turn) })),
    );
  });

  it('is told the same when processes are killed after any message, over the last seven', () => {
    const behind = 7;
    for (let first = behind; first < 2 * behind; first++) {
      const kills: Kill[] = [];
      for (let after = first; after <= said.length; after += behind)
        kills.push({ after, behind, at: placeAfter(after + Math.floor(after / behind)) });
      undisturbed.isToldWith(kills);
    }
  });

  it('is told the same when processes are killed after any two', () => {
    const random = randomFrom(9);
    for (let n = 0; n < 20; n++) {
      const first = 1 + Math.floor(random() * (said.length - 2));
      const second = first + 1 + Math.floor(random() * (said.length - first - 1));
      const kill = (after: number, most: number): Kill => ({
        after,
        behind: 1 + Math.floor(random() * Math.min(most, 400)),
        at: placeAfter(after),
      });
      undisturbed.isToldWith([kill(first, first), kill(second, second - first)]);
    }
  });
});
