import { eventually, randomFrom, ScriptedReceiver } from '@millrace/test-environment';
import { replayedEvents, toldEvents } from '../machine-ingest/src/test-support/machine-replay';
import { describeRecordings, golden, recordingPath } from '../machine-ingest/src/test-support/recordings';
import { Constellation } from './constellation';

jest.setTimeout(180_000);

interface GoldenMachine {
  readonly status: {
    readonly total: number;
    readonly by_transition: { readonly [change: string]: number };
    /** Line, time, previous, current, the machine's own word. */
    readonly first: ReadonlyArray<readonly [number, string, string, string, string]>;
    readonly last: ReadonlyArray<readonly [number, string, string, string, string]>;
  };
  readonly alarms: {
    readonly raised: number;
    readonly cleared: number;
    readonly by_code: { readonly [code: string]: number };
  };
}

interface Webhook {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly [member: string]: unknown };
}

/** Of all three recordings. */
const OBSERVATIONS = 118_168;

const counted = (names: readonly string[]): { [name: string]: number } => {
  const counts: { [name: string]: number } = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

describeRecordings('whole days of real machines, from their recordings to webhooks, over a kill -9', () => {
  const seed = Number(process.env['STORY_SEED'] ?? Date.now() % 1_000_000);
  const FILES = {
    MAZAK: ['nist-sms-testbed', 'Mazak01-20161024-20161025.shdr.txt.gz'],
    GFAGIE: ['nist-sms-testbed', 'GFAgie01-20161019-20161020.shdr.txt.gz'],
    OKUMA: ['mtconnect-okuma', 'okuma-run1.shdr.txt'],
  };
  const expectedOf = (machine: keyof typeof FILES): GoldenMachine =>
    machine === 'OKUMA'
      ? golden<{ summary: GoldenMachine }>('mtconnect-okuma').summary
      : golden<{ shdr: { [file: string]: GoldenMachine } }>('nist-sms-testbed').shdr[
          FILES[machine][1]!.replace('.shdr.txt.gz', '.txt')
        ]!;
  const machines = Object.keys(FILES) as (keyof typeof FILES)[];
  let site: Constellation;
  let receiver: ScriptedReceiver;

  const webhooks = (machine: string): Webhook[] =>
    receiver.requests.flatMap(({ path, body }) => (path === `/${machine}` ? [JSON.parse(body.toString())] : []));
  const statuses = (machine: string) => webhooks(machine).filter(({ type }) => type === 'machine.status_changed');
  const alarms = (machine: string, status: string) =>
    webhooks(machine).filter(({ type, data }) => type === 'machine.alarm' && data['status'] === status);

  const stored = async (): Promise<number> => {
    const ends = await site.kafka.endOffsets(site.topics.signals);
    return [...ends.values()].reduce((sum, end) => sum + Number(end), 0);
  };

  beforeAll(async () => {
    process.stdout.write(`golden-recordings: STORY_SEED=${seed}\n`);
    receiver = await ScriptedReceiver.start();
    site = await Constellation.start({ services: ['subscription', 'delivery'] });
    for (const machine of machines)
      await site.createEndpoint(`${receiver.url}${machine}`, {
        eventTypes: ['machine.status_changed', 'machine.alarm', 'production.run_completed'],
        filter: { '@subject': machine },
        ordering: 'key',
      });
    const sources = machines.map((machine) => ({ machine, file: recordingPath(...FILES[machine]) }));
    await site.add('machine-ingest', { MILLRACE_SHDR_SOURCES: JSON.stringify(sources) });
    const share = 0.1 + 0.5 * randomFrom(seed)();
    await eventually(async () => (await stored()) > OBSERVATIONS * share, `${share} of the signals`, 60_000);
    const ingest = site.service('machine-ingest');
    await ingest.kill('SIGKILL');
    expect(await stored()).toBeLessThan(OBSERVATIONS);
    await ingest.startAgain();
  });
  afterAll(async () => {
    await site?.close();
    await receiver?.close();
  });

  it.each(machines)(
    '%s: the golden changes of status, in their order, and the golden alarms, each once',
    async (machine) => {
      const { status, alarms: expected } = expectedOf(machine);
      await eventually(() => statuses(machine).length >= status.total, `${status.total} changes of status`, 90_000);
      await eventually(() => alarms(machine, 'cleared').length >= expected.cleared, 'the alarms', 30_000);
      const rows = statuses(machine).map(({ timestamp, data }) => [
        timestamp,
        data['previous'],
        data['current'],
        data['sourceState'],
      ]);
      expect(rows).toHaveLength(status.total);
      expect(counted(rows.map(([, previous, current]) => `${previous}>${current}`))).toEqual(status.by_transition);
      expect(rows.slice(0, status.first.length)).toEqual(status.first.map(([, ...row]) => row));
      expect(rows.slice(-status.last.length)).toEqual(status.last.map(([, ...row]) => row));
      expect(counted(alarms(machine, 'raised').map(({ data }) => String(data['code'])))).toEqual(expected.by_code);
      expect(alarms(machine, 'raised')).toHaveLength(expected.raised);
      expect(alarms(machine, 'cleared')).toHaveLength(expected.cleared);
      const ids = webhooks(machine).map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    },
  );

  it('the log alone gives the same events with the same ids', async () => {
    const [told, replayed] = [await toldEvents(site, 'mes'), await replayedEvents(site)];
    for (const machine of machines) expect(told.get(machine)).toEqual(replayed.get(machine));
  });
});
