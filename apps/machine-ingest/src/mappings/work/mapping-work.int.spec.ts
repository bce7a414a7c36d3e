import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MappingTrialView } from '@millrace/protocol';
import { bootService, type RunningService } from '@millrace/service-runtime';
import { testEnvironment } from '@millrace/test-environment';
import { machineIngest } from '../../machine-ingest.module';
import { ADMIN_KEY, ask, IngestSite } from '../../test-support/ingest-site';
import { bundledWorker } from './bundled-worker.fixture';

jest.setTimeout(120_000);

const SIGNALS = 100_000;
/** Each signal tells an event: nothing that is tried takes longer. */
const MAPPING = `
apiVersion: ingest/v1
machine: { id: P-1 }
sources: { plc: { type: http } }
signals: { n: { source: plc, path: n, type: int64 } }
rules:
  - { id: counted, kind: edge, input: n, on: changed, emit: press.stroke_counted, data: { n: n } }
`;

let site: IngestSite;
let service: RunningService;
let worker: string;

beforeAll(async () => {
  const environment = await testEnvironment();
  worker = await bundledWorker();
  site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  service = await bootService(machineIngest([], worker), site.variables());
});
afterAll(async () => {
  await service.stop();
  await site.close();
  await rm(dirname(worker), { recursive: true });
});

test('while a trial at the limit runs, signals are accepted and the process goes on', async () => {
  const signals = Array.from({ length: SIGNALS }, (_, n) => `{"alias":"n","value":${n},"after":"1s"}`).join('\n');
  const body = JSON.stringify({ mapping: MAPPING, signals });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const trial = fetch(`${service.url}/v1/mappings/test`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body,
  });
  let isOver = false;
  void trial.finally(() => {
    isOver = true;
  });
  let accepted = 0;
  while (!isOver) {
    const answer = await ask(service.url, 'POST', '/v1/signals', { machine: 'P-2', path: 'n', value: accepted });
    expect(answer.status).toBe(202);
    accepted++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  delay.disable();
  const answer = await trial;
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  // What a client does with 100,000 events takes this process, too, and is not in the figure.
  const tried = (await answer.json()) as MappingTrialView;
  expect(tried.events).toHaveLength(SIGNALS - 1);
  expect(tried.signals).toBe(SIGNALS);
  // In the thread of the service the trial is one delay of seconds, and hardly a signal is accepted.
  expect(accepted).toBeGreaterThan(10);
  expect(delay.max / 1e6).toBeLessThan(1_000);
});
