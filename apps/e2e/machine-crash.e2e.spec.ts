import { decodeMachineState, type SourceView } from '@millrace/protocol';
import { SparkplugEdge } from '@millrace/sparkplug';
import { eventually, MosquittoBroker, ScriptedReceiver, ServiceProcess } from '@millrace/test-environment';
import { recordsOf, replayedEvents, toldEvents } from '../machine-ingest/src/test-support/machine-replay';
import { Constellation } from './constellation';

jest.setTimeout(240_000);

const LINE = 'LINE';
const [STATE, COUNT] = ['Status/StateCurrentStr', 'Admin/ProdProcessedCount/0/AccCount'];
const MAPPING = `
apiVersion: ingest/v1
name: line
machines: [{ id: ${LINE} }]
sources: { line: { type: sparkplug } }
signals:
  state: { source: line, metric: ${STATE}, type: string }
  processed: { source: line, metric: ${COUNT}, type: double }
rules:
  - { id: status, kind: stateMap, input: state, otherwise: unknown, map: { Execute: running, Idle: idle } }
  - { id: made, kind: counter, input: processed, emit: production.counted, onDecrease: reset, maxStep: 1000000 }
`;

/**
 * An edge node as the specification has it, at QoS 0: what it says while nobody listens comes to nobody, and its next birth
 * says how far it has come. What its broker keeps, and 30 kills: machine-ingest/src/killed-anywhere.int.spec.ts.
 */
describe('kill -9 of any service between an edge node and the webhooks of what it does', () => {
  let broker: MosquittoBroker;
  let receiver: ScriptedReceiver;
  let site: Constellation;
  let edge: SparkplugEdge;
  let second: ServiceProcess | null = null;

  beforeAll(async () => {
    [broker, receiver, site] = await Promise.all([
      MosquittoBroker.start(),
      ScriptedReceiver.start(),
      Constellation.start({ services: ['machine-ingest', 'subscription', 'delivery'] }),
    ]);
    const yaml = { 'content-type': 'application/yaml' };
    expect(await site.call('POST', '/v1/mappings', MAPPING, yaml)).toMatchObject({ status: 201 });
    await site.createEndpoint(receiver.url, {
      eventTypes: ['machine.status_changed', 'production.counted'],
      filter: { '@subject': LINE },
      ordering: 'key',
    });
    edge = new SparkplugEdge({
      url: broker.url,
      group: LINE,
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
  });
  afterAll(async () => {
    edge?.kill();
    await second?.stop();
    await site?.close();
    await receiver?.close();
    await broker?.remove();
  });

  interface Webhook {
    readonly id: string;
    readonly type: string;
    readonly data: { readonly delta?: number; readonly current?: unknown };
  }
  /** Each once, where it came first. */
  const webhooks = (): Webhook[] => {
    const all = receiver.requests.map(({ headers, body }) => {
      const { type, data } = JSON.parse(body.toString());
      return { id: String(headers['webhook-id']), type, data };
    });
    return [...new Map(all.toReversed().map((one) => [one.id, one])).values()].toReversed();
  };
  const made = (): number => webhooks().reduce((sum, { data: { delta = 0 } }) => sum + delta, 0);
  const statuses = () =>
    webhooks().flatMap(({ type, data }) => (type === 'machine.status_changed' ? [data.current] : []));
  const source = async () => (await site.call<SourceView>('GET', '/v1/sources/line')).body.state;
  const stateOfLine = async () => {
    const states = (await recordsOf(site, site.topics.machineState)).map(decodeMachineState);
    const put = states.filter((one) => one.kind === 'put' && one.key === `default/${LINE}`).at(-1);
    if (put?.kind !== 'put') throw new Error(`${LINE} has no state`);
    return put.state;
  };

  let count = 0;
  const say = async (times: number) => {
    for (let n = 0; n < times; n++) await edge.say('D', { [COUNT]: ++count });
  };
  const arrives = (total: number) => {
    expect(count).toBe(total);
    return eventually(() => made() === total, `webhooks of ${total} pieces`, 60_000);
  };

  it('what it made and what it does arrive right, once by their ids and in their order', async () => {
    const settings = { url: broker.url, machines: [{ machine: LINE, group: LINE, node: 'RollForm', device: 'D' }] };
    const added = await site.call('POST', '/v1/sources', { name: 'line', type: 'sparkplug', settings, try: false });
    expect(added).toMatchObject({ status: 201 });
    await eventually(async () => (await stateOfLine()).status.current === 'idle', 'the birth to be read', 60_000);
    await edge.say('D', { [STATE]: 'Execute' });
    await say(200);
    await arrives(200);

    const first = site.service('machine-ingest');
    await say(50);
    await Promise.all([first.kill('SIGKILL'), site.service('delivery').kill('SIGKILL')]);
    await say(100);
    await Promise.all([first.startAgain(), site.service('delivery').startAgain()]);
    await first.waitReady(60_000);
    await say(50);
    await arrives(400);

    second = await ServiceProcess.start('machine-ingest', { variables: site.variables });
    await second.waitReady(60_000);
    await say(100);
    await arrives(500);
    const before = (await source()).owner;
    const ownerIsFirst = JSON.stringify(first.logs()).includes(String(before));
    const [owner, other] = ownerIsFirst ? [first, second] : [second, first];
    await Promise.all([owner.kill('SIGKILL'), site.service('subscription').kill('SIGKILL')]);
    await say(100);
    await site.service('subscription').startAgain();
    site.services.set('machine-ingest', other);
    await eventually(
      async () => {
        const now = await source();
        return now.owner !== null && now.owner !== before && now.connection === 'connected';
      },
      'the other process to read the source',
      60_000,
    );
    await say(100);
    await edge.say('D', { [STATE]: 'Idle' });
    await arrives(700);
    await eventually(() => statuses().at(-1) === 'idle', 'the webhook of its end', 30_000);
    // What nobody heard may have been its last word: it may be offline until it is born again.
    const known = statuses().filter((status) => status !== 'offline');
    expect(known.filter((status, n) => status !== known[n - 1])).toEqual(['idle', 'running', 'idle']);
    expect((await stateOfLine()).status).toMatchObject({ current: 'idle', sourceState: 'IDLE' });
  });

  it('the webhooks are the events of the log, and the log alone gives them again', async () => {
    const told = (await toldEvents(site, 'mes')).get(LINE)!;
    const subscribed = told.filter(({ type }) => ['machine.status_changed', 'production.counted'].includes(type));
    expect(webhooks().map(({ id }) => id)).toEqual(subscribed.map(({ id }) => id));
    expect((await replayedEvents(site)).get(LINE)).toEqual(told);
  });
});
