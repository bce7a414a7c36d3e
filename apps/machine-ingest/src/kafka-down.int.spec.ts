import { bootService } from '@millrace/service-runtime';
import { eventually, isolatedEnvironment } from '@millrace/test-environment';
import { machineIngestService } from './machine-ingest.module';
import { type Answer, ask, IngestSite } from './test-support/ingest-site';

jest.setTimeout(240_000);

it('answers 503 with Retry-After while Kafka is down, and loses nothing that it acknowledged', async () => {
  const environment = await isolatedEnvironment();
  const site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  const service = await bootService(machineIngestService, site.variables());
  const acknowledged: string[] = [];
  const refused: Answer[] = [];
  let posting = true;
  let next = 0;
  const answersToBatches: number[] = [];
  const batches = Array.from({ length: 1_000 }, (_, n) => n);
  /** A gateway: keeps a batch until it is acknowledged, and sends it again under its key. */
  const gateway = async () => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop())
      for (let status = 0; status !== 202; ) {
        const lines = Array.from({ length: 5 }, (_, n) =>
          JSON.stringify({ machine: `M-${batch! % 7}`, path: 'p', value: n }),
        );
        const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': `batch-${batch}` };
        ({ status } = await ask(service.url, 'POST', '/v1/signals', lines.join('\n'), headers));
        answersToBatches.push(status);
      }
  };
  const client = async () => {
    while (posting) {
      const id = `e-${next++}`;
      const answer = await ask(service.url, 'POST', '/v1/events', { type: 'order.created', data: { id }, id });
      if (answer.status === 202) acknowledged.push(id);
      else refused.push(answer);
    }
  };
  try {
    const clients = Array.from({ length: 8 }, client);
    await eventually(() => acknowledged.length > 200, 'the first acknowledgements');
    const begun = performance.now();
    await environment.stopBroker('kill');
    await eventually(() => refused.length >= 8, 'refusals', 30_000);
    expect(performance.now() - begun).toBeLessThan(20_000);
    const gateways = Array.from({ length: 50 }, gateway);
    await eventually(() => answersToBatches.length >= 50, 'answers to the first batches', 30_000);
    expect(new Set(answersToBatches)).toEqual(new Set([503]));
    expect((await ask(service.url, 'GET', '/healthz')).status).toBe(200);
    const before = acknowledged.length;
    await environment.startBroker();
    await eventually(() => acknowledged.length > before + 200, 'acknowledgements after the return', 60_000);
    posting = false;
    await Promise.all([...clients, ...gateways]);

    for (const { status, headers, body } of refused) {
      expect([status, (body as { code: string }).code]).toEqual([503, 'unavailable']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const stored = new Set((await site.events('order')).map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    const places = (await site.signals()).flatMap(({ read }) =>
      read.kind === 'signal' && read.signal.source === 'http' ? [`${read.signal.session}/${read.signal.seq}`] : [],
    );
    // what was sent again has the place that it had before, so it counts once
    expect(new Set(places).size).toBe(5_000);
    expect(answersToBatches.filter((status) => status === 202)).toHaveLength(1_000);
  } finally {
    posting = false;
    await service.stop();
    await site.close();
    await environment.close();
  }
});
