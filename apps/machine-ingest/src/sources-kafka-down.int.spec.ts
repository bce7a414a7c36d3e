import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SourceView } from '@millrace/protocol';
import { bootService } from '@millrace/service-runtime';
import { eventually, isolatedEnvironment, MosquittoBroker } from '@millrace/test-environment';
import { connectAsync } from 'mqtt';
import { machineIngestService } from './machine-ingest.module';
import { ask, IngestSite } from './test-support/ingest-site';

jest.setTimeout(180_000);

/** The long form is `npm run soak -- outage`. */
const MESSAGES = 3_000;
const MACHINES = 5;
const BATCHES = 60;
const LINES = 5;

it('what a broker and gateways bring while Kafka is down is all stored afterwards, in order', async () => {
  const environment = await isolatedEnvironment();
  const broker = await MosquittoBroker.start();
  const site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  const service = await bootService(
    machineIngestService,
    site.variables({
      MILLRACE_DATABASE_URL: await environment.freshDatabase(),
      MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      MILLRACE_INSECURE_ENDPOINTS: 'allow',
    }),
  );
  const publisher = await connectAsync(broker.url, { reconnectPeriod: 0 });
  const publish = async (from: number, to: number) => {
    await Promise.all(
      Array.from({ length: to - from }, (_, index) => {
        const number = from + index;
        const text = JSON.stringify({ n: Math.floor(number / MACHINES) });
        return publisher.publishAsync(`plant/M-${number % MACHINES}`, text, { qos: 1 });
      }),
    );
  };
  /** Values of `n` by machine, each where it came first. */
  const stored = async (source: string) => {
    const values = new Map<string, Set<unknown>>();
    for (const { read } of await site.signals()) {
      if (read.kind !== 'signal' || read.signal.source !== source || read.signal.path !== 'n') continue;
      const { machine, value } = read.signal;
      values.set(machine, (values.get(machine) ?? new Set()).add(value));
    }
    return values;
  };
  const count = (values: Map<string, Set<unknown>>) => [...values.values()].reduce((sum, { size }) => sum + size, 0);
  const answers: number[] = [];
  const batches = Array.from({ length: BATCHES }, (_, n) => n);
  const gateway = async () => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop())
      for (let status = 0; status !== 202; ) {
        const lines = Array.from({ length: LINES }, (_, n) =>
          JSON.stringify({ machine: 'H', path: 'n', value: batch! * LINES + n }),
        );
        const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': `batch-${batch}` };
        ({ status } = await ask(service.url, 'POST', '/v1/signals', lines.join('\n'), headers));
        answers.push(status);
        if (status !== 202) await delay(200);
      }
  };
  try {
    const settings = {
      url: broker.url,
      inFlight: 100,
      topics: [{ filter: 'plant/+', machine: '{2}', path: 'n', value: 'n', seq: 'n' }],
    };
    await ask(service.url, 'POST', '/v1/sources', { name: 'plant', type: 'mqtt', settings, try: false });
    await eventually(async () => {
      const { body } = await ask(service.url, 'GET', '/v1/sources/plant');
      return (body as SourceView).state.connection === 'connected';
    }, 'the connection');
    await publish(0, 100);
    await eventually(async () => count(await stored('plant')) === 100, 'the first messages');

    await environment.stopBroker('kill');
    const gateways = Promise.all(Array.from({ length: 20 }, gateway));
    await publish(100, MESSAGES);
    expect(answers).not.toContain(202);
    await environment.startBroker();
    await gateways;
    await eventually(async () => count(await stored('plant')) === MESSAGES, 'all messages', 60_000);

    for (const values of (await stored('plant')).values())
      expect([...values]).toEqual([...Array(MESSAGES / MACHINES).keys()]);
    expect(count(await stored('http'))).toBe(BATCHES * LINES);
    expect(await site.rejected()).toEqual([]);
  } finally {
    await publisher.endAsync(true);
    await service.stop();
    await site.close();
    await broker.remove();
    await environment.close();
  }
});
