import { foldSignal, newMachineState } from '@millrace/domain';
import { readShdrLine, startShdrReading } from './shdr-reading';

const session = { tenant: 't', machine: 'M', source: 'shdr:M', session: 's', proto: 'file' as const };

/** What the built-in mapping tells of the lines of a recording. */
const told = (lines: readonly string[]) => {
  let reading = startShdrReading;
  let state = newMachineState('t', 'M');
  let offset = 0n;
  return lines.flatMap((line) => {
    const read = readShdrLine(reading, session, line, null);
    reading = read.reading;
    return read.signals.flatMap((signal) => {
      const folded = foldSignal(state, signal, { partition: 0, offset: offset++ }, () => null);
      state = folded.state;
      return folded.events.map(({ type, time, data }) => ({ type, time, ...(JSON.parse(data) as object) }));
    });
  });
};

it('of a log with the run of 10:00 before that of 8:00 both are told, with their times, seconds and parts', () => {
  const events = told([
    '2026-02-17T10:00:00.1234567Z|avail|AVAILABLE|execution|READY|part_count|7',
    '2026-02-17T10:00:01.0000000Z|execution|ACTIVE',
    '2026-02-17T10:03:00.0000000Z|execution|PROGRAM_COMPLETED',
    '2026-02-17T10:03:00.2500000Z|part_count|8',
    // one line, whatever it holds, is not believed to be two hours earlier
    '2026-02-17T08:00:00.0000000Z|execution|READY|part_count|0',
    '2026-02-17T08:00:01.0000000Z|execution|ACTIVE',
    '2026-02-17T08:05:00.5000000Z|execution|PROGRAM_COMPLETED',
    '2026-02-17T08:05:00.7500000Z|part_count|1',
    '2026-02-17T08:05:10.0000000Z|Fovr|100',
  ]);
  expect(events.filter(({ type }) => type === 'machine.status_changed').map(({ time }) => time)).toEqual([
    '2026-02-17T10:00:00.1234567Z',
    '2026-02-17T10:00:01.0000000Z',
    '2026-02-17T10:03:00.0000000Z',
    '2026-02-17T08:00:01.0000000Z',
    '2026-02-17T08:05:00.5000000Z',
  ]);
  expect(events.filter(({ type }) => type === 'production.run_completed')).toMatchObject([
    { startedAt: '2026-02-17T10:00:01.0000000Z', durationSeconds: 179, parts: 1, partsBefore: 7, partsAfter: 8 },
    { startedAt: '2026-02-17T08:00:01.0000000Z', durationSeconds: 299.5, parts: 1, partsBefore: 0, partsAfter: 1 },
  ]);
  expect(events.filter(({ type }) => type === 'ingest.clock_suspect')).toHaveLength(1);
});

it.each([
  ['execution', 'part_count', 'program'],
  ['pexecution', 'ppartcount', 'pprogram'],
  ['p1execution', 'p1partcount', 'p1program'],
])('the run of a control that says %s, %s and %s has its parts and its program', (execution, parts, program) => {
  const events = told([
    `2026-02-17T10:00:00Z|${execution}|READY|${parts}|7|${program}|O1234`,
    `2026-02-17T10:00:01Z|${execution}|ACTIVE`,
    `2026-02-17T10:03:00Z|${execution}|PROGRAM_COMPLETED`,
    `2026-02-17T10:03:01Z|${parts}|8`,
    '2026-02-17T10:03:03Z|Fovr|100',
  ]);
  expect(events.filter(({ type }) => type === 'production.run_completed')).toMatchObject([
    { parts: 1, partsAfter: 8, program: 'O1234' },
  ]);
});
