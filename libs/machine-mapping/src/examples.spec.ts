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
  const LINES = recorded('base.ndjson')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded);
  const { bundle, occurredAt } = JSON.parse(recorded('expected.json')) as { bundle: object; occurredAt: string };
  const TEXT = readFileSync(join(FOLDER, 'roll-former.yaml'), 'utf8');

  const bundlesOf = (text: string, lines: readonly Recorded[]) => {
    const { machines } = readOrFail(text);
    const { signals, rejected } = readRecording(lines, { tenant: 'acme', machines });
    expect(rejected).toEqual([]);
    const { events } = dryRun(machines, signals, { tenant: 'acme' });
    return events.filter(({ event }) => event.type === 'bundle.completed').map(({ event }) => JSON.parse(event.data));
  };
  const expectBundle = (text: string, lines: readonly Recorded[]) => {
    const told = bundlesOf(text, lines);
    expect(told).toHaveLength(1);
    // Blocks of master data are the mapping's own; integrity says how far the rest is to be trusted.
    const { Material, Tooling, integrity, ...measured } = told[0];
    expect(measured).toEqual(bundle);
    expect(integrity).toMatchObject({ endedAt: occurredAt, gaps: [], violations: [], revision: 1 });
    expect([Material.LbsPerFt, Tooling.Width]).toEqual([2.616, 36]);
  };

  it('makes the bundle that is expected, member by member', () => {
    expectBundle(TEXT, LINES);
  });

  it('makes it also of signals that come twice, and out of order within the window', () => {
    const swapped = [...LINES];
    for (let n = 20; n + 1 < swapped.length; n += 7) [swapped[n], swapped[n + 1]] = [swapped[n + 1]!, swapped[n]!];
    expectBundle(
      TEXT,
      swapped.flatMap((line) => [line, line]),
    );
  });

  const LENGTHS = /^(Length\/|Item\/LengthTarget$|Piece\/)/;
  const inUnit = (change: (inches: number) => number) =>
    LINES.map((line) =>
      LENGTHS.test(line.path) ? { ...line, value: change(line.value as number), unit: null } : line,
    );

  it.each([
    ['feet', 'unit: "[ft_i]"', (inches: number) => inches / 12],
    ['millimetres', 'unit: mm', (inches: number) => Math.round(inches * 254) / 10],
    [
      'tenths that wrap at 16 bits',
      'unit: "[in_i]", scale: 1/10, modulus: 65536',
      (inches: number) => (inches * 10) % 65_536,
    ],
  ])('makes it of lengths in %s', (_name, unit, change) => {
    expectBundle(TEXT.replaceAll('unit: "[in_i]"', unit), inUnit(change));
  });
});

type Recorded = { readonly path: string; readonly value: unknown };
