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
    expect((await ask(service.url, 'POST', '/v1/signals', { machine: 'M', path: 'p', value: 1 })).status).toBe(503);
    expect((await ask(service.url, 'GET', '/healthz')).status).toBe(200);
    const before = acknowledged.length;
    await environment.startBroker();
    await eventually(() => acknowledged.length > before + 200, 'acknowledgements after the return', 60_000);
    posting = false;
    await Promise.all(clients);

    for (const { status, headers, body } of refused) {
      expect([status, (body as { code: string }).code]).toEqual([503, 'unavailable']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const stored = new Set((await site.events('order')).map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  } finally {
    posting = false;
    await service.stop();
    await site.close();
    await environment.close();
  }
});
