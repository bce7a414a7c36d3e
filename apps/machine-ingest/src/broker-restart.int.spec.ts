import { randomBytes } from 'node:crypto';
import { bootService, type RunningService } from '@millrace/service-runtime';
import { SparkplugEdge } from '@millrace/sparkplug';
import { eventually, MosquittoBroker, testEnvironment } from '@millrace/test-environment';
import { machineIngestService } from './machine-ingest.module';
import { ask, IngestSite } from './test-support/ingest-site';

jest.setTimeout(120_000);

/** The long form is `npm run soak -- storm`. */
const NODES = Array.from({ length: 20 }, (_, n) => `N${n}`);
/** As a mapping is that says nothing about it. */
const USUAL = NODES.slice(0, 7);
const PATIENT = NODES.slice(7, 14);
const PROMPT = NODES.slice(14);
const METRICS = Array.from({ length: 20 }, (_, n) => ({ name: `Metric ${n}`, type: 'Double' as const, value: n }));

const mapping = (name: string, machines: readonly string[], debounce: string) => `
apiVersion: ingest/v1
name: ${name}
machines: [${machines.map((id) => `{ id: ${id} }`).join(', ')}]
sources: { line: { type: sparkplug } }
signals: { state: { metric: State, type: string } }
rules:
  - { id: status, kind: stateMap, input: state, map: { RUN: running, HALT: idle }${debounce} }
`;

it('all edge nodes of a broker are born again: no status of a machine, but offline and back of one that is to be told at once', async () => {
  const environment = await testEnvironment();
  const broker = await MosquittoBroker.start();
  const site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  const edges = NODES.map(
    (node) =>
      new SparkplugEdge({
        url: broker.url,
        group: 'Plant',
        node,
        reconnectMs: 100,
        metrics: [],
        aliases: true,
        devices: { D: [{ name: 'State', type: 'String', value: 'RUN' }, ...METRICS] },
      }),
  );
  let service: RunningService | null = null;
  /** How often each machine was born. */
  const births = async () => {
    const counts = new Map(NODES.map((node) => [node, 0]));
    for (const { read } of await site.signals())
      if (read.kind === 'signal' && read.signal.path === 'State' && read.signal.flags.includes('snapshot'))
        counts.set(read.signal.machine, counts.get(read.signal.machine)! + 1);
    return counts;
  };
  const told = async () => {
    const statuses = new Map(NODES.map((node): [string, string[]] => [node, []]));
    for (const { type, data } of await site.events('mes')) {
      if (type !== 'machine.status_changed') continue;
      const { machine, current } = JSON.parse(data) as { machine: string; current: string };
      statuses.get(machine)!.push(current);
    }
    return statuses;
  };
  try {
    service = await bootService(
      machineIngestService,
      site.variables({
        MILLRACE_DATABASE_URL: await environment.freshDatabase(),
        MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        MILLRACE_INSECURE_ENDPOINTS: 'allow',
      }),
    );
    const { url } = service;
    const yaml = { 'content-type': 'application/yaml' };
    for (const text of [
      mapping('usual', USUAL, ''),
      mapping('patient', PATIENT, ', debounceOffline: 2m'),
      mapping('prompt', PROMPT, ', debounceOffline: 0s'),
    ])
      expect((await ask(url, 'POST', '/v1/mappings', text, yaml)).status).toBe(201);
    const settings = { url: broker.url, machines: [{ machine: '{node}', device: '+' }] };
    await ask(url, 'POST', '/v1/sources', { name: 'line', type: 'sparkplug', settings, try: false });
    // A node whose name stands nowhere and that is born before anybody listens cannot be asked for its birth.
    await eventually(async () => {
      const { body } = await ask(url, 'GET', '/v1/sources/line');
      return (body as { state: { connection: string } }).state.connection === 'connected';
    }, 'the source to listen');
    await Promise.all(edges.map((edge) => edge.start()));
    await eventually(
      async () =>
        [...(await told()).values()].every(({ length }) => length === 1) ||
        Promise.reject(new Error(JSON.stringify([...(await told())]))),
      'one status of each',
      60_000,
    );

    const before = await births();
    await broker.kill();
    await eventually(
      async () => {
        const statuses = await told();
        return PROMPT.every((node) => statuses.get(node)!.at(-1) === 'offline');
      },
      'the loss of the broker',
      60_000,
    );
    await broker.start();
    await eventually(
      async () => {
        const now = await births();
        return NODES.every((node) => now.get(node)! > before.get(node)!);
      },
      'all births',
      60_000,
    );
    // What is told last of the others comes after anything that could have been told of those that wait.
    await eventually(
      async () => {
        const statuses = await told();
        return PROMPT.every((node) => statuses.get(node)!.length >= 3);
      },
      'their statuses',
      60_000,
    );
    const after = await told();
    for (const node of [...USUAL, ...PATIENT]) expect(after.get(node)).toEqual(['running']);
    for (const node of PROMPT) expect(after.get(node)).toEqual(['running', 'offline', 'running']);
    for (const { rebirthsAsked } of edges) expect(rebirthsAsked).toBeLessThanOrEqual(2);
  } finally {
    for (const edge of edges) edge.kill();
    await service?.stop();
    await site.close();
    await broker.remove();
  }
});
