import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dryRun } from './trial/dry-run';
import { runMappingTests } from './trial/mapping-tests';
import { readRecording } from './trial/recording';
import { readOrFail } from './written.fixture';

const FOLDER = join(__dirname, '../examples');
const example = (name: string) => readOrFail(readFileSync(join(FOLDER, name), 'utf8'));

describe.each(readdirSync(FOLDER))('the example %s', (name) => {
  it('is a mapping without a warning, and its tests pass', () => {
    const read = example(name);
    expect(read.warnings).toEqual([]);
    for (const { name: test, failures } of runMappingTests(read))
      expect({ test, failures }).toEqual({ test, failures: [] });
  });
});

const recordings = process.env['MILLRACE_RECORDINGS'] ?? join(process.cwd(), '../shared/data');
const folder = join(recordings, 'rollform-synthetic');
const describeRecording = existsSync(folder) ? describe : describe.skip;
if (!existsSync(folder))
  process.stderr.write(`SKIPPED: the roll former's recording is not in ${folder}; set MILLRACE_RECORDINGS.\n`);

describeRecording('the roll former, over its recording', () => {
  const recorded = (file: string) => readFileSync(join(folder, file), 'utf8');

  it('makes the bundle that is expected, member by member', () => {
    const { machines } = example('roll-former.yaml');
    const { signals, rejected } = readRecording(recorded('base.ndjson'), { tenant: 'acme', machines });
    expect(rejected).toEqual([]);
    const { events } = dryRun(machines, signals, { tenant: 'acme' });
    const { bundle, occurredAt } = JSON.parse(recorded('expected.json')) as { bundle: object; occurredAt: string };
    const told = events
      .filter(({ event }) => event.type === 'bundle.completed')
      .map(({ event }) => JSON.parse(event.data));
    expect(told).toHaveLength(1);
    // Blocks of master data are the mapping's own; integrity says how far the rest is to be trusted.
    const { Material, Tooling, integrity, ...measured } = told[0];
    expect(measured).toEqual(bundle);
    expect(integrity).toMatchObject({ endedAt: occurredAt, gaps: [], violations: [], revision: 1 });
    expect([Material, Tooling]).toEqual([
      expect.objectContaining({ LbsPerFt: 2.616 }),
      expect.objectContaining({ Width: 36 }),
    ]);
  });
});
