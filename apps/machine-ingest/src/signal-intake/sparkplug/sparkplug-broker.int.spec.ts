import { EdgeSession, SparkplugEdge } from '@millrace/sparkplug';
import { silentLogger } from '@millrace/telemetry';
import { eventually, MosquittoBroker, randomFrom } from '@millrace/test-environment';
import { connectAsync } from 'mqtt';
import { describeRecordings, golden } from '../../test-support/recordings';
import { MemorySink, openOn } from '../source-conformance.fixture';
import type { OpenSource, SourceSink } from '../source-kind';
import { type GoldenLine, numbersOf, recordedFrames } from './recorded-line.fixture';
import { sparkplugSourceKind } from './sparkplug.source-kind';
import { type SparkplugSettings, sparkplugSettings } from './sparkplug-settings';

const leftBehind: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const remove of leftBehind.splice(0).reverse()) await remove();
});

const startBroker = async (lines: readonly string[] = []): Promise<MosquittoBroker> => {
  const broker = await MosquittoBroker.start({ lines });
  leftBehind.push(() => broker.remove());
  return broker;
};
const open = async (
  settings: SparkplugSettings,
  sink = new MemorySink(),
): Promise<{ source: OpenSource; sink: MemorySink }> => {
  const source = openOn(sparkplugSourceKind, settings, sink, '');
  leftBehind.push(async () => {
    sink.recover();
    await source.stop();
  });
  await eventually(() => source.health().connection.state === 'connected', 'the source to be connected');
  return { source, sink };
};
const startEdge = async (options: ConstructorParameters<typeof SparkplugEdge>[0]): Promise<SparkplugEdge> => {
  const edge = new SparkplugEdge({ reconnectMs: 100, ...options });
  leftBehind.push(() => edge.kill());
  await edge.start();
  return edge;
};

describeRecordings('the recorded line through a real broker', () => {
  const settings = (url: string) =>
    sparkplugSettings.parse({
      url,
      role: 'passive',
      machines: [{ machine: 'line-1', group: 'PlantA', node: 'RollForm', device: 'Line1' }],
    });

  it.each(['at once', 'in random chunks', 'with each frame twice, at QoS 1, while Kafka comes and goes'])(
    '%s',
    async (how) => {
      const broker = await startBroker();
      const { source, sink } = await open(settings(broker.url));
      const player = await connectAsync(broker.url, { reconnectPeriod: 0 });
      const random = randomFrom(11);
      const twice = how.startsWith('with');
      const frames = recordedFrames();
      let left = how === 'at once' ? Number.POSITIVE_INFINITY : 1;
      let sent: Promise<unknown>[] = [];
      for (const { topic, payload, qos } of frames) {
        for (let time = 0; time < (twice ? 2 : 1); time++)
          sent.push(player.publishAsync(topic, payload, { qos: twice ? 1 : qos }));
        if (--left > 0) continue;
        left = 1 + Math.floor(random() * 60);
        if (twice) (random() < 0.5 ? sink.fail : sink.recover).call(sink);
        await Promise.all(sent);
        sent = [];
        await new Promise(setImmediate);
      }
      await Promise.all(sent);
      sink.recover();
      const all = frames.length * (twice ? 2 : 1);
      await eventually(() => source.health().counts['messages'] === all && source.health().queued === 0, 'all frames');
      const line = golden<GoldenLine>('sparkplug-packml-sim');
      const { births, states, counts, typeChanges } = line.sessions[0]!;
      await eventually(() => numbersOf(sink.appended).counts['Processed'] === counts['Processed'], 'the last frame');
      const { sessions: _sessions, ...numbers } = numbersOf(sink.appended);
      expect(numbers).toEqual({ births, states, counts, typeChanges });
      // The two commands to the node come twice too and are no messages of it.
      const commands = line.byType['DCMD']! + line.byType['NCMD']!;
      expect(source.health().counts).toMatchObject({
        gaps: 0,
        refused: 0,
        duplicates: twice ? frames.length - commands : 0,
        births: 1,
        rebirths: 1,
      });
      await player.endAsync();
    },
  );
});

describe('an edge node behind a real broker', () => {
  it('dies without a word in the middle of a run, and comes back', async () => {
    const broker = await startBroker();
    const layout = {
      url: broker.url,
      group: 'Plant',
      node: 'Edge',
      metrics: [],
      devices: {
        Line: [
          { name: 'Count', type: 'UInt32' as const, value: 0 },
          { name: 'State', type: 'String' as const, value: 'HALT' },
        ],
      },
      aliases: true,
    };
    const settings = sparkplugSettings.parse({
      url: broker.url,
      rebirthMinIntervalMs: 300,
      machines: [{ machine: '{node}-{device}', device: '+' }],
    });
    const { source, sink } = await open(settings);
    const words = () => sink.lifecycle().filter((word) => word !== 'alive');
    const first = await startEdge(layout);
    await first.say('Line', { State: 'RUN', Count: 5 });
    await eventually(() => sink.distinct('Count').at(-1)?.value === 5, 'the count');
    first.kill();
    await eventually(() => words().includes('death'), 'the death');
    expect(sink.appended.at(-1)).toMatchObject({ machine: 'Edge-Line', qualityCode: 'spb:NDEATH' });
    const second = await startEdge({ ...layout, firstBdSeq: 1 });
    await second.say('Line', { Count: 2 });
    await eventually(() => sink.distinct('Count').at(-1)?.value === 2, 'the count of the second life');
    expect(words()).toEqual(['birth', 'death', 'birth']);
    expect(new Set(sink.distinct('Count').map(({ session }) => session)).size).toBe(2);
    await second.stop();
    await eventually(() => words().filter((word) => word === 'death').length === 2, 'the farewell');
    expect(source.health().counts).toMatchObject({ births: 2, deaths: 2, gaps: 0, rebirthsAsked: 0 });
  });

  it('that waits for its primary host is told by STATE, and that the host is gone', async () => {
    const broker = await startBroker();
    const listener = await connectAsync(broker.url, { reconnectPeriod: 0 });
    leftBehind.push(() => listener.endAsync(true));
    const said: boolean[] = [];
    listener.on('message', (_topic, payload) => said.push((JSON.parse(String(payload)) as { online: boolean }).online));
    await listener.subscribeAsync('spBv1.0/STATE/millrace', { qos: 1 });
    const settings = sparkplugSettings.parse({
      url: broker.url,
      role: 'primary',
      hostId: 'millrace',
      machines: [{ machine: 'm', group: 'G', node: 'E', device: 'D' }],
    });
    const { source } = await open(settings);
    await eventually(() => said.at(-1) === true, 'online');
    // What a predecessor's will says late does not stand.
    await listener.publishAsync('spBv1.0/STATE/millrace', JSON.stringify({ online: false, timestamp: 1 }), {
      qos: 1,
      retain: true,
    });
    await eventually(() => said.slice(-2).join() === 'false,true', 'online again');
    await source.stop();
    await eventually(() => said.at(-1) === false, 'offline');
  });
});

/** Reconnect storm; `MILLRACE_SOAK` has the long form. */
const STORM = process.env['MILLRACE_SOAK'] ? { nodes: 200, metrics: 500 } : { nodes: 20, metrics: 50 };

it(`a broker restart with ${STORM.nodes} edge nodes of ${STORM.metrics} metrics changes nothing, and is over soon`, async () => {
  const broker = await startBroker();
  const { source, sink } = await open(
    sparkplugSettings.parse({ url: broker.url, machines: [{ machine: '{node}', device: '+' }] }),
  );
  const metrics = Array.from({ length: STORM.metrics }, (_, n) => ({
    name: `Folder/Metric ${n}`,
    type: 'Double' as const,
    value: n,
  }));
  const edges: SparkplugEdge[] = [];
  for (let n = 0; n < STORM.nodes; n++)
    edges.push(
      await startEdge({
        url: broker.url,
        group: 'Plant',
        node: `N${n}`,
        metrics: [],
        devices: { D: metrics },
        aliases: true,
      }),
    );
  const born = () => sink.appended.filter(({ flags }) => flags.includes('snapshot')).length;
  await eventually(() => born() === STORM.nodes * STORM.metrics, 'all births', 60_000);
  const before = sink.appended.length;
  await broker.kill();
  await eventually(() => source.health().connection.state !== 'connected', 'the loss');
  const restarted = Date.now();
  await broker.start();
  const again = () =>
    new Set(
      sink.appended
        .slice(before)
        .filter(({ flags }) => flags.includes('snapshot'))
        .map(({ machine, path }) => `${machine}\n${path}`),
    ).size;
  await eventually(() => again() === STORM.nodes * STORM.metrics, 'all births again', 60_000);
  expect(Date.now() - restarted).toBeLessThan(60_000);
  const after = sink.appended.slice(before);
  const words = new Set(after.filter(({ path }) => path === '$lifecycle').map(({ value }) => value));
  expect([...words].filter((word) => word === 'birth' || word === 'death')).toEqual([]);
  const valueOfBirth = (signals: typeof after) =>
    new Map(
      signals
        .filter(({ flags }) => flags.includes('snapshot'))
        .map(({ machine, path, value }) => [`${machine}\n${path}`, value]),
    );
  expect(valueOfBirth(after)).toEqual(valueOfBirth(sink.appended.slice(0, before)));
  expect(after.filter(({ path }) => path === '$gap')).toEqual([]);
  for (const edge of edges) expect(edge.rebirthsAsked).toBeLessThanOrEqual(1);
}, 180_000);

it('a node that speaks fast at QoS 1, over a broker that sends few at a time, is not held up by what waits for its birth', async () => {
  const broker = await startBroker();
  const publisher = await connectAsync(broker.url, { reconnectPeriod: 0 });
  leftBehind.push(() => publisher.endAsync(true));
  const node = new EdgeSession(
    { group: 'G', node: 'E', aliases: true, metrics: [], devices: { D: [{ name: 'Count', type: 'Int32', value: 0 }] } },
    0,
  );
  const say = (messages: ReturnType<EdgeSession['births']>) =>
    Promise.all(messages.map(({ topic, payload }) => publisher.publishAsync(topic, payload, { qos: 1 })));
  await say(node.births(Date.now()));
  publisher.on('message', () => void say(node.births(Date.now())));
  await publisher.subscribeAsync('spBv1.0/G/NCMD/E', { qos: 0 });
  const settings = sparkplugSettings.parse({
    url: broker.url,
    protocolVersion: 4,
    machines: [{ machine: 'm', group: 'G', node: 'E', device: 'D' }],
  });
  const { sink } = await open(settings);
  const begun = Date.now();
  for (let n = 0; n < 5; n++)
    await say(Array.from({ length: 40 }, (_, k) => node.data('D', { Count: n * 40 + k }, Date.now())));
  await eventually(() => sink.distinct('Count').some(({ flags }) => flags.includes('snapshot')), 'the birth', 15_000);
  expect(Date.now() - begun).toBeLessThan(15_000);
  await say([node.data('D', { Count: 1_000 }, Date.now())]);
  await eventually(() => sink.distinct('Count').at(-1)?.value === 1_000, 'what comes after it');
});

/** Its process is killed after signals are stored, and before their cursor is. */
class KilledBeforeCursor extends MemorySink {
  killed = false;

  override async append(...[signals, options]: Parameters<SourceSink['append']>): Promise<void> {
    if (!this.killed || options.cursorToo !== true) return super.append(signals, options);
    await super.append(signals, { stopping: options.stopping });
    await new Promise((_, reject) => options.stopping.addEventListener('abort', reject));
  }
}

it('what is said at QoS 1 is acknowledged after its cursor, and counted alike by the next process', async () => {
  const broker = await startBroker(['max_inflight_messages 500']);
  const sink = new KilledBeforeCursor();
  const settings = sparkplugSettings.parse({
    url: broker.url,
    machines: [{ machine: 'm', group: 'G', node: 'E', device: 'D' }],
  });
  const publisher = await connectAsync(broker.url, { reconnectPeriod: 0 });
  leftBehind.push(() => publisher.endAsync(true));
  const node = new EdgeSession(
    { group: 'G', node: 'E', aliases: true, metrics: [], devices: { D: [{ name: 'Count', type: 'Int32', value: 0 }] } },
    0,
  );
  let count = 0;
  const say = (messages: ReturnType<EdgeSession['births']>) =>
    Promise.all(messages.map(({ topic, payload }) => publisher.publishAsync(topic, payload, { qos: 1 })));
  const data = (times: number) =>
    Array.from({ length: times }, () => node.data('D', { Count: ++count }, Date.now() + count));
  const counted = () => sink.distinct('Count').filter(({ flags }) => !flags.includes('snapshot'));
  let { source } = await open(settings, sink);
  await say([...node.births(Date.now()), ...data(10)]);
  await eventually(() => counted().length === 10, 'the first of them');
  for (let life = 0; life < 3; life++) {
    const { cursor } = sink;
    sink.killed = true;
    await say(data(700));
    await eventually(() => counted().length > 10 + life * 700, 'some of what is not acknowledged');
    await source.stop();
    expect(sink.cursor).toBe(cursor);
    sink.killed = false;
    ({ source } = await open(settings, sink));
    await eventually(() => counted().length === count, 'all of it', 20_000);
  }
  expect(counted().map(({ value }) => value)).toEqual(Array.from({ length: count }, (_, n) => n + 1));
  const words = sink.lifecycle();
  expect([sink.appended.filter(({ path }) => path === '$gap'), words.includes('disconnected')]).toEqual([[], false]);
}, 60_000);

describe('a try', () => {
  const tried = (url: string, group: string) =>
    sparkplugSourceKind.tryOnce(
      sparkplugSettings.parse({ url, machines: [{ machine: 'rf-01', group, node: 'RollForm', device: 'Line1' }] }),
      { signal: AbortSignal.timeout(15_000), logger: silentLogger, folder: '' },
    );

  it('names the edge nodes that are there where the group is another one', async () => {
    const broker = await startBroker();
    const player = await connectAsync(broker.url, { reconnectPeriod: 0 });
    leftBehind.push(() => player.endAsync(true));
    const told = setInterval(() => void player.publishAsync('spBv1.0/PlantA/NDATA/RollForm', Buffer.alloc(0)), 100);
    leftBehind.push(() => clearInterval(told));
    expect(await tried(broker.url, 'PlantB')).toMatchObject({
      summary: expect.stringMatching(/; 0 messages in 4 s; no machine is named for PlantA\/RollForm\.$/),
      seen: [],
    });
    expect((await tried(broker.url, 'PlantA')).summary).toMatch(/, of 1 edge node: PlantA\/RollForm\.$/);
  });

  it('names a device that no entry fits', async () => {
    const broker = await startBroker();
    const player = await connectAsync(broker.url, { reconnectPeriod: 0 });
    leftBehind.push(() => player.endAsync(true));
    const node = new EdgeSession(
      {
        group: 'PlantA',
        node: 'RollForm',
        aliases: false,
        metrics: [],
        devices: { Press: [{ name: 'N', type: 'Int32', value: 0 }] },
      },
      0,
    );
    const told = setInterval(() => {
      for (const { topic, payload } of node.births(Date.now())) void player.publishAsync(topic, payload);
    }, 100);
    leftBehind.push(() => clearInterval(told));
    const { summary, seen } = await tried(broker.url, 'PlantA');
    expect(summary).toMatch(/, of 1 edge node: PlantA\/RollForm; no machine is named for PlantA\/RollForm\/Press\.$/);
    expect(seen).toContainEqual({ machine: null, path: 'N', value: 0, unit: null });
  });

  it('is content with a broker on which nobody speaks', async () => {
    const broker = await startBroker();
    expect((await tried(broker.url, 'PlantA')).summary).toMatch(/; 0 messages in 4 s\.$/);
  });
});
