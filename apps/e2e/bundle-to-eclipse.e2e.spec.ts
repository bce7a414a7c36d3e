import type { Signal } from '@millrace/domain';
import { encodeSignal, type MachineSignalList, type MappingDetailView } from '@millrace/protocol';
import { verifyWebhook } from '@millrace/sdk';
import { eventually, randomFrom, ScriptedReceiver } from '@millrace/test-environment';
import { replayedEvents, toldEvents } from '../machine-ingest/src/test-support/machine-replay';
import { describeRecordings } from '../machine-ingest/src/test-support/recordings';
import { disturbed, RecordedLine, replaced, rollFormerMapping } from '../machine-ingest/src/test-support/rollforming';
import { Constellation } from './constellation';

jest.setTimeout(180_000);

const YAML = { 'content-type': 'application/yaml' };

describeRecordings('the recorded roll former, from its signals to the webhooks of its bundle', () => {
  /** Another order of chunks, repeats, swaps and kills with each; `STORY_SEED` plays one again. */
  const seed = Number(process.env['STORY_SEED'] ?? Date.now() % 1_000_000);
  const random = randomFrom(seed);
  const line = RecordedLine.ofYesterday(Date.now());
  let site: Constellation;
  let receiver: ScriptedReceiver;

  beforeAll(async () => {
    process.stdout.write(`bundle-to-eclipse: STORY_SEED=${seed}\n`);
    receiver = await ScriptedReceiver.start();
    site = await Constellation.start();
  });
  afterAll(async () => {
    await site.close();
    await receiver.close();
  });

  const activate = (text: string) => site.call<Record<string, unknown>>('POST', '/v1/mappings', text, YAML);
  const produce = (signals: readonly Signal[]) =>
    site.produce(signals.map((signal) => encodeSignal(site.topics.signals, signal)));

  /** In pieces of any size, in the order in which they are to be appended. */
  const inPieces = (signals: readonly Signal[]): Signal[][] => {
    const pieces: Signal[][] = [];
    for (let at = 0; at < signals.length; at += pieces.at(-1)!.length)
      pieces.push(signals.slice(at, at + 1 + Math.floor(random() * 40)));
    return pieces;
  };

  /** A BundleResult does not say whose it is, so each machine has endpoints of its own. */
  const secrets = new Map<string, string>();
  const listenTo = async (machines: readonly string[]) => {
    for (const machine of machines) {
      const more = { eventTypes: ['bundle.*'], filter: { '@subject': machine } };
      await site.createEndpoint(`${receiver.url}${machine}/eclipse`, { ...more, contract: 'eclipse' });
      secrets.set(machine, (await site.createEndpoint(`${receiver.url}${machine}/standard`, more)).secret);
    }
  };
  const requestsOf = (machine: string, contract: 'eclipse' | 'standard') =>
    receiver.requests.filter(({ path }) => path === `/${machine}/${contract}`);
  const bundleArrives = (machine: string) =>
    eventually(
      () => (['eclipse', 'standard'] as const).every((contract) => requestsOf(machine, contract).length > 0),
      `the bundle of ${machine}`,
      20_000,
    );

  /** One webhook of the one bundle under each contract. */
  const expectTheBundle = async (machine: string) => {
    await bundleArrives(machine);
    expect(requestsOf(machine, 'eclipse').map((request) => request.body.toString())).toEqual([line.bundle]);
    expect(requestsOf(machine, 'standard')).toHaveLength(1);
    const [request] = requestsOf(machine, 'standard');
    expect(() =>
      verifyWebhook({ body: request!.body, headers: request!.headers, secret: secrets.get(machine)! }),
    ).not.toThrow();
    const { integrity, ...result } = JSON.parse(request!.body.toString()).data;
    expect(JSON.stringify(result)).toBe(line.bundle);
    expect(integrity).toEqual({
      revision: 1,
      startedAt: line.startedAt,
      endedAt: line.endedAt,
      timeZone: 'America/Chicago',
      closedUnseen: false,
      unknownMinutes: 0,
      pausedMinutes: 0,
      gaps: [],
      counters: [],
      violations: [],
    });
  };

  it('is the BundleResult of Eclipse Pro, however it is fed', async () => {
    const machines = ['RF-ONCE', 'RF-PIECES', 'RF-DISTURBED'];
    await listenTo(machines);
    expect(await activate(rollFormerMapping('fed', machines))).toMatchObject({
      status: 201,
      // Nothing was heard of them, and no source feeds them but this test.
      body: { machines, warnings: [...machines.map(() => ({ code: 'unknown_machine' })), { code: 'unknown_source' }] },
    });
    await produce(line.signals('RF-ONCE'));
    for (const piece of inPieces(line.signals('RF-PIECES'))) await produce(piece);
    for (const piece of inPieces(disturbed(line.signals('RF-DISTURBED'), random))) await produce(piece);
    for (const machine of machines) await expectTheBundle(machine);
  });

  it('is the same over kills of machine-ingest in its middle', async () => {
    const machines = ['RF-KILLED-1', 'RF-KILLED-2', 'RF-KILLED-3'];
    await listenTo(machines);
    expect(await activate(rollFormerMapping('killed', machines))).toMatchObject({ status: 201 });
    const left = machines.map((machine) => inPieces(disturbed(line.signals(machine), random)));
    const all = left.flat().length;
    const kills = [0.4, 0.8].map((share) => Math.floor(all * (share - random() * 0.3)));
    const ingest = site.service('machine-ingest');
    for (let n = 0; left.some((pieces) => pieces.length > 0); n++) {
      const open = left.filter((pieces) => pieces.length > 0);
      await produce(open[Math.floor(random() * open.length)]!.shift()!);
      if (!kills.includes(n)) continue;
      await ingest.kill('SIGKILL');
      await ingest.startAgain();
      // The next kill finds it at work, not on its way up.
      await ingest.waitReady(20_000);
    }
    for (const machine of machines) await expectTheBundle(machine);
  });

  it('a mapping that changes in the middle of a bundle closes it once, and one that is wrong changes nothing', async () => {
    const first = rollFormerMapping('changed', ['RF-CHANGED']);
    const second = replaced(first, [
      [/debounce: 2s/, 'debounce: 3s'],
      [/^( {6})OrdId: ordId$/m, '$1OrdId: ordId\n$1Station: "\'hall \' + string(2)"'],
    ]);
    const third = replaced(second, [[/input: scrapReason/, 'input: scrapReson']]);
    await listenTo(['RF-CHANGED']);
    expect(await activate(first)).toMatchObject({ status: 201, body: { version: 1 } });
    const signals = line.signals('RF-CHANGED');
    const pieces = inPieces(signals);
    const half = Math.floor(pieces.length / 2);
    for (const piece of pieces.slice(0, half)) await produce(piece);
    expect(await activate(second)).toMatchObject({ status: 201, body: { version: 2 } });
    await produce(pieces[half]!);
    const place = third.split('\n').findIndex((text) => text.includes('scrapReson')) + 1;
    expect(await activate(third)).toMatchObject({
      status: 422,
      body: {
        code: 'invalid_mapping',
        errors: [
          { line: place, column: third.split('\n')[place - 1]!.indexOf('scrapReson') + 1, code: 'unknown_signal' },
        ],
      },
    });
    const inForce = await site.call<MappingDetailView>('GET', '/v1/mappings/changed');
    expect(inForce.body).toMatchObject({ version: 2, machines: ['RF-CHANGED'] });
    expect(inForce.body.versions.map(({ version, active }) => [version, active])).toEqual([
      [2, true],
      [1, false],
    ]);
    for (const piece of pieces.slice(half + 1)) await produce(piece);
    const { OrdId, ...rest } = JSON.parse(line.bundle);
    await bundleArrives('RF-CHANGED');
    const bundles = requestsOf('RF-CHANGED', 'eclipse').map(({ body }) => JSON.parse(body.toString()));
    expect(bundles).toEqual([{ OrdId, Station: 'hall 2', ...rest }]);
    const heard = await site.call<MachineSignalList>('GET', '/v1/machines/RF-CHANGED/signals?limit=200');
    expect(heard.body.data.find(({ path }) => path === 'Bundle/Number')).toMatchObject({
      aliases: ['bundleNumber'],
      value: 2,
      unit: null,
      quality: 'good',
    });
  });

  it('the log alone gives the same events with the same ids: from its first record, by the mappings of its own', async () => {
    const told = await toldEvents(site, 'mes');
    const replayed = await replayedEvents(site);
    const machines = [...replayed.keys()].sort();
    expect([...told.keys()].sort()).toEqual(machines);
    for (const machine of machines) {
      expect(told.get(machine)).toEqual(replayed.get(machine));
      expect(told.get(machine)!.filter(({ type }) => type.startsWith('bundle.'))).toHaveLength(1);
    }
    expect(machines).toHaveLength(7);
  });

  it('each bundle was one webhook for each endpoint', async () => {
    const deliveries = await site.deliveries();
    expect(deliveries.map(({ status }) => status)).toEqual(Array(14).fill('succeeded'));
    expect(receiver.requests).toHaveLength(14);
  });
});
