import type { Event } from '@millrace/domain';
import { decodeMachineState, decodeSignal, type SourceView } from '@millrace/protocol';
import { SparkplugEdge } from '@millrace/sparkplug';
import { eventually, MosquittoBroker, randomFrom, ServiceProcess } from '@millrace/test-environment';
import { connectAsync } from 'mqtt';
import { recordedFrames } from '../machine-ingest/src/signal-intake/sparkplug/recorded-line.fixture';
import { recordsOf, replayedEvents, toldEvents } from '../machine-ingest/src/test-support/machine-replay';
import { describeRecordings } from '../machine-ingest/src/test-support/recordings';
import { Constellation } from './constellation';

/** The short form runs in `npm test`; `STORY_KILLS=30` is the long one, `STORY_SEED` plays one again. */
const KILLS = Number(process.env['STORY_KILLS'] ?? 1);
const SEED = Number(process.env['STORY_SEED'] ?? Date.now() % 1_000_000);

jest.setTimeout(120_000 + KILLS * 30_000);

const MAPPING = `
apiVersion: ingest/v1
name: line
machines: [{ id: CALM }, { id: KILLED }, { id: LINE }]
sources: { line: { type: sparkplug } }
signals:
  state: { source: line, metric: Status/StateCurrentStr, type: string }
  processed: { source: line, metric: Admin/ProdProcessedCount/0/AccCount, type: double }
rules:
  - { id: status, kind: stateMap, input: state, otherwise: unknown,
      map: { Execute: running, Idle: idle, Stopped: idle, Clearing: down, Resetting: idle, Starting: held } }
  - { id: made, kind: counter, input: processed, emit: production.counted, onDecrease: reset, maxStep: 1000000 }
`;

const random = randomFrom(SEED);
let broker: MosquittoBroker;
let site: Constellation;

beforeAll(async () => {
  process.stdout.write(`machine-crash: STORY_SEED=${SEED}\n`);
  [broker, site] = await Promise.all([
    MosquittoBroker.start({ lines: ['max_inflight_messages 0'] }),
    Constellation.start({ services: ['machine-ingest'] }),
  ]);
  const yaml = { 'content-type': 'application/yaml' };
  expect(await site.call('POST', '/v1/mappings', MAPPING, yaml)).toMatchObject({ status: 201 });
});
afterAll(async () => {
  await Promise.all([site?.close(), broker?.remove()]);
});

const addSource = async (machine: string, device: string) => {
  const settings = { url: broker.url, machines: [{ machine, group: machine, node: 'RollForm', device }] };
  const name = machine.toLowerCase();
  expect(await site.call('POST', '/v1/sources', { name, type: 'sparkplug', settings, try: false })).toMatchObject({
    status: 201,
  });
  await connected(name);
};
const source = async (name: string) => (await site.call<SourceView>('GET', `/v1/sources/${name}`)).body.state;
const connected = (name: string) =>
  eventually(async () => (await source(name)).connection === 'connected', `${name} to be connected`, 60_000);

const stateOf = async (machine: string) => {
  const states = (await recordsOf(site, site.topics.machineState)).map(decodeMachineState);
  const put = states.filter((one) => one.kind === 'put' && one.key === `default/${machine}`).at(-1);
  if (put?.kind !== 'put') throw new Error(`${machine} has no state`);
  return put.state;
};
const told = async (machine: string): Promise<Event[]> => (await toldEvents(site, 'mes')).get(machine) ?? [];
const made = (events: readonly Event[]): number =>
  events.reduce((sum, { type, data }) => sum + (type === 'production.counted' ? Number(JSON.parse(data).delta) : 0), 0);
const statuses = (events: readonly Event[]) =>
  events.flatMap(({ type, data }) => (type === 'machine.status_changed' ? [JSON.parse(data).current] : []));

describeRecordings('kill -9 while a recorded line speaks through a broker that keeps what it says', () => {
  /** At QoS 1, which no edge node uses: so that the broker has all that an undisturbed run hears. */
  const play = async (machine: string, killAt: readonly number[]) => {
    const client = await connectAsync(broker.url, { reconnectPeriod: 0 });
    const ingest = site.service('machine-ingest');
    let killed: string | null = null;
    for (const [n, { topic, payload }] of recordedFrames().entries()) {
      await client.publishAsync(topic.replace('/PlantA/', `/${machine}/`), payload, { qos: 1 });
      if (!killAt.includes(n)) continue;
      // It is killed while it reads. A recording answers nobody who asks for a rebirth, so the first cursor has its births.
      const reading = async () => {
        const { owner, counts } = await source(machine.toLowerCase());
        return owner !== killed && (killed !== null || counts['births'] === 1) ? owner : null;
      };
      killed = await eventually(reading, `the source of ${machine} to be read`, 60_000);
      await ingest.kill('SIGKILL');
      await ingest.startAgain();
    }
    await client.endAsync();
  };
  /** What the line said between its births, each position of a session once. */
  const heard = async (machine: string) => {
    const seen = new Set<string>();
    return (await recordsOf(site, site.topics.signals)).flatMap((message) => {
      const read = decodeSignal(message);
      if (read.kind === 'refused' || read.signal.machine !== machine || read.signal.path.startsWith('$')) return [];
      const { session, seq, idx, path, value, flags } = read.signal;
      if (flags.includes('snapshot')) return [];
      const position = `${session} ${seq} ${idx ?? 0}`;
      if (seen.has(position)) return [];
      seen.add(position);
      return [`${path} ${value}`];
    });
  };

  it('at random moments: what it did, what it made and its state are those of a run that nobody disturbed', async () => {
    const frames = recordedFrames().length;
    const expected = 227.1419677734375;
    await addSource('CALM', 'Line1');
    await play('CALM', []);
    await eventually(async () => Math.abs(made(await told('CALM')) - expected) < 1e-6, 'the calm run', 20_000);
    await addSource('KILLED', 'Line1');
    const killAt = Array.from({ length: KILLS }, (_, n) => Math.floor((frames * (n + random())) / KILLS));
    await play('KILLED', killAt);
    await eventually(
      async () => (await heard('KILLED')).length >= (await heard('CALM')).length,
      'all that was said',
      60_000,
    );
    expect(await heard('KILLED')).toEqual(await heard('CALM'));
    const calm = statuses(await told('CALM'));
    expect(calm).toEqual(['down', 'idle', 'held', 'running']);
    await eventually(async () => Math.abs(made(await told('KILLED')) - expected) < 1e-6, 'all that was made', 30_000);
    expect(statuses(await told('KILLED'))).toEqual(calm);
    const [a, b] = [await stateOf('CALM'), await stateOf('KILLED')];
    expect({ ...b.status, since: null }).toEqual({ ...a.status, since: null });
    expect([b.config?.version, b.alarms, b.values.aliases]).toEqual([1, a.alarms, a.values.aliases]);
  });
});

describe('kill -9 while an edge node speaks', () => {
  it('what it made and what it does come out right, and the source moves to another process', async () => {
    const [STATE, COUNT] = ['Status/StateCurrentStr', 'Admin/ProdProcessedCount/0/AccCount'];
    const edge = new SparkplugEdge({
      url: broker.url,
      group: 'LINE',
      node: 'RollForm',
      metrics: [],
      devices: {
        D: [
          { name: STATE, type: 'String', value: 'Idle' },
          { name: COUNT, type: 'Double', value: 0 },
        ],
      },
      aliases: true,
    });
    await edge.start();
    const first = site.service('machine-ingest');
    let second: ServiceProcess | null = null;
    try {
      await addSource('LINE', 'D');
      await eventually(async () => (await stateOf('LINE')).status.current === 'idle', 'the birth to be read');
      await edge.say('D', { [STATE]: 'Execute' });
      let count = 0;
      const say = async (times: number) => {
        for (let n = 0; n < times; n++) await edge.say('D', { [COUNT]: ++count });
      };
      const arrived = async () =>
        (await eventually(async () => made(await told('LINE')) === count, `a sum of ${count}`, 60_000)) &&
        made(await told('LINE'));
      await say(200);
      expect(await arrived()).toBe(200);
      await say(50);
      await first.kill('SIGKILL');
      // QoS 0: nobody keeps what is said now. The next birth says how far it has come.
      await say(100);
      await first.startAgain();
      await first.waitReady(60_000);
      await say(50);
      expect(await arrived()).toBe(400);

      second = await ServiceProcess.start('machine-ingest', { variables: site.variables });
      await second.waitReady(60_000);
      await say(100);
      expect(await arrived()).toBe(500);
      const before = (await source('line')).owner;
      const ownerIsFirst = JSON.stringify(first.logs()).includes(String(before));
      const [owner, other] = ownerIsFirst ? [first, second] : [second, first];
      await owner.kill('SIGKILL');
      await say(100);
      site.services.set('machine-ingest', other);
      await eventually(
        async () => {
          const now = await source('line');
          return now.owner !== null && now.owner !== before && now.connection === 'connected';
        },
        'the other process to read the source',
        60_000,
      );
      await say(100);
      await edge.say('D', { [STATE]: 'Idle' });
      expect(await arrived()).toBe(700);
      await eventually(async () => statuses(await told('LINE')).at(-1) === 'idle', 'the end');
      // What nobody heard may have been its last word: it may be offline until it is born again.
      const known = statuses(await told('LINE')).filter((status) => status !== 'offline');
      expect(known.filter((status, n) => status !== known[n - 1])).toEqual(['idle', 'running', 'idle']);
      expect((await stateOf('LINE')).status).toMatchObject({ current: 'idle', sourceState: 'IDLE' });
    } finally {
      edge.kill();
      await Promise.all([first.stop(), second?.stop()]);
    }
  });

  it('the log alone gives the same events with the same ids', async () => {
    const replayed = await replayedEvents(site);
    const all = await toldEvents(site, 'mes');
    for (const [machine, events] of replayed) expect([machine, all.get(machine) ?? []]).toEqual([machine, events]);
  });
});
