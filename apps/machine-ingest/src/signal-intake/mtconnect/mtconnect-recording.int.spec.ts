import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootService } from '@millrace/service-runtime';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { machineIngestService } from '../../machine-ingest.module';
import { IngestSite } from '../../test-support/ingest-site';
import { streamsFixture } from '../../test-support/streams-fixture';

let site: IngestSite;
let folder: string;

beforeAll(async () => {
  const environment = await testEnvironment();
  site = await new IngestSite(environment.brokers, environment.freshPrefix()).provision();
  folder = mkdtempSync(join(tmpdir(), 'mtconnect-'));
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await site?.close();
});

const boot = (recordings: object[], more: { [name: string]: string } = {}) =>
  bootService(
    machineIngestService,
    site.variables({ MILLRACE_MTCONNECT_RECORDINGS: JSON.stringify(recordings), ...more }),
  );

it('plays a document once, over restarts, and quarantines one that is cut off', async () => {
  const whole = join(folder, 'whole.xml');
  const cut = join(folder, 'cut.xml');
  writeFileSync(whole, streamsFixture());
  writeFileSync(cut, streamsFixture().slice(0, 900));
  const recordings = [
    { machine: 'SAW-1', file: whole },
    { machine: 'SAW-2', file: cut },
  ];
  for (let run = 1; run <= 2; run++) {
    const service = await boot(recordings);
    // the end of the recording is numbered too, so a second run adds a record that has no effect
    await eventually(
      async () => (await site.state('default/SAW-1'))?.counts.signals === 12 + run,
      `run ${run}`,
      20_000,
    );
    await eventually(async () => (await site.rejected()).length === run, 'the quarantine', 20_000);
    await service.stop();
  }
  const events = await site.events('mes');
  expect(events.map(({ type, subject }) => [type, subject])).toEqual([
    ['machine.status_changed', 'SAW-1'],
    ['machine.status_changed', 'SAW-1'],
    ['machine.alarm', 'SAW-1'],
    ['machine.alarm', 'SAW-1'],
    ['machine.status_changed', 'SAW-1'],
    ['production.run_completed', 'SAW-1'],
  ]);
  expect((await site.rejected())[0]).toMatchObject({ rejection: { code: 'truncated' } });
}, 90_000);

it('refuses to start when a machine has two sources', async () => {
  const machine = 'SAW-1';
  const twice = { MILLRACE_SHDR_SOURCES: JSON.stringify([{ machine, host: '127.0.0.1', port: 1 }]) };
  await expect(boot([{ machine, file: 'x.xml' }], twice)).rejects.toThrow('both name the machine SAW-1');
}, 60_000);
