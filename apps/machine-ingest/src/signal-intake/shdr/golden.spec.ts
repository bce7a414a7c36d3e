import {
  DEFAULT_MAPPING,
  type Event,
  foldSignal,
  type MachineState,
  type Mapping,
  newMachineState,
  type Signal,
} from '@millrace/domain';
import { describeRecordings, golden, recordingLines } from '../../test-support/recordings';
import { readShdrLine, startShdrReading } from './shdr-reading';

interface GoldenMachine {
  observations: number;
  lines_with_observations: number;
  machine: string;
  status: {
    total: number;
    by_transition: Record<string, number>;
    first: Array<[number, string, string, string, string]>;
    last: Array<[number, string, string, string, string]>;
    final: string;
  };
  alarms: {
    raised: number;
    cleared: number;
    duplicate_raises_suppressed: number;
    normals_with_nothing_active: number;
    marked_stale: number;
    by_code: Record<string, number>;
    still_active: unknown[];
    first: Array<[number, string, string, string, string, string, string]>;
    last: Array<[number, string, string, string, string, string, string]>;
  };
}

interface Told {
  line: number;
  event: Event;
  data: Record<string, unknown>;
}

interface Played {
  signals: Signal[];
  told: Told[];
  state: MachineState;
  refused: number;
}

/**
 * Reads and folds a recording; `restartAt` throws the state away but for its JSON at these observations. Without a mapping
 * of its own it is folded by the built-in one.
 */
const play = (
  machine: string,
  lines: string[],
  restartAt: ReadonlySet<number> = new Set(),
  mapping: Mapping | null = null,
): Played => {
  const session = {
    tenant: 'default',
    machine,
    source: `shdr:${machine}`,
    session: 'recording',
    proto: 'file' as const,
  };
  const signals: Signal[] = [];
  const told: Told[] = [];
  let reading = startShdrReading;
  let state: MachineState = {
    ...newMachineState('default', machine),
    config: mapping === null ? null : { name: mapping.name, version: mapping.version, hash: mapping.hash },
  };
  let refused = 0;
  for (const line of lines) {
    const read = readShdrLine(reading, session, line, null);
    reading = read.reading;
    if (read.refused) refused++;
    for (const signal of read.signals) {
      const folded = foldSignal(state, signal, { partition: 0, offset: BigInt(signals.length) }, () => mapping);
      signals.push(signal);
      state = restartAt.has(signals.length) ? (JSON.parse(JSON.stringify(folded.state)) as MachineState) : folded.state;
      for (const event of folded.events)
        told.push({ line: reading.line, event, data: JSON.parse(event.data) as Record<string, unknown> });
    }
  }
  return { signals, told, state, refused };
};

const ofType = (played: Played, type: string) => played.told.filter((one) => one.event.type === type);

const transitions = (played: Played) =>
  ofType(played, 'machine.status_changed').map(({ line, event, data }) => [
    line,
    event.time,
    data['previous'],
    data['current'],
    data['sourceState'],
  ]);

const alarms = (played: Played) =>
  ofType(played, 'machine.alarm').map(({ line, event, data }) => [
    line,
    event.time,
    data['status'],
    data['item'],
    String(data['severity']).toUpperCase(),
    data['code'],
    data['status'] === 'raised' ? data['text'] : '',
  ]);

const countBy = (rows: unknown[][], name: (row: unknown[]) => string): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[name(row)] = (counts[name(row)] ?? 0) + 1;
  return counts;
};

const seconds = (played: Played): number[] =>
  played.told.flatMap(({ data }) =>
    [data['previousSeconds'], data['durationSeconds']].filter((value): value is number => typeof value === 'number'),
  );

const RECORDINGS = [
  ['Mazak01-20161024-20161025', 'Mazak01'],
  ['GFAgie01-20161019-20161020', 'GFAgie01'],
] as const;

describeRecordings('real recordings, folded by the rules that golden.json writes down', () => {
  describe.each(RECORDINGS)('%s', (file, machine) => {
    const expected = golden<{ shdr: Record<string, GoldenMachine> }>('nist-sms-testbed').shdr[`${file}.txt`]!;
    const played = play(machine, recordingLines('nist-sms-testbed', `${file}.shdr.txt.gz`));

    it('reads every observation and refuses no line', () => {
      expect(played.signals).toHaveLength(expected.observations);
      expect(played.refused).toBe(0);
    });

    it('tells the golden status transitions, in arrival order', () => {
      const rows = transitions(played);
      expect(rows).toHaveLength(expected.status.total);
      expect(countBy(rows, (row) => `${row[2]}>${row[3]}`)).toEqual(expected.status.by_transition);
      expect(rows.slice(0, expected.status.first.length)).toEqual(expected.status.first);
      expect(rows.slice(-expected.status.last.length)).toEqual(expected.status.last);
      expect(played.state.status.current).toBe(expected.status.final);
      expect(ofType(played, 'ingest.unmapped_value')).toEqual([]);
    });

    it('tells each alarm once raised and once cleared; an outage makes it stale and clears nothing', () => {
      const rows = alarms(played);
      const { counts } = played.state;
      expect(rows.filter((row) => row[2] === 'raised')).toHaveLength(expected.alarms.raised);
      expect(rows.filter((row) => row[2] === 'cleared')).toHaveLength(expected.alarms.cleared);
      expect(
        countBy(
          rows.filter((row) => row[2] === 'raised'),
          (row) => String(row[5]),
        ),
      ).toEqual(expected.alarms.by_code);
      expect(rows.slice(0, expected.alarms.first.length)).toEqual(expected.alarms.first);
      expect(rows.slice(-expected.alarms.last.length)).toEqual(expected.alarms.last);
      expect(counts.alarmsSuppressed).toBe(expected.alarms.duplicate_raises_suppressed);
      expect(counts.alarmsMarkedStale).toBe(expected.alarms.marked_stale);
      expect(counts.normalsWithNothingActive).toBe(expected.alarms.normals_with_nothing_active);
      expect(Object.keys(played.state.alarms)).toHaveLength(expected.alarms.still_active.length);
    });

    it('has no negative duration anywhere, although two clocks write one log', () => {
      expect(seconds(played).length).toBeGreaterThan(100);
      expect(Math.min(...seconds(played))).toBeGreaterThanOrEqual(0);
    });

    it('comes to the same events, ids and bytes with restarts in between', () => {
      const points = new Set(
        Array.from({ length: 30 }, (_, n) => Math.floor(((n + 0.37) * expected.observations) / 30)),
      );
      const again = play(machine, recordingLines('nist-sms-testbed', `${file}.shdr.txt.gz`), points);
      expect(again.told.map(({ event }) => event)).toEqual(played.told.map(({ event }) => event));
      expect(again.state).toEqual(played.state);
      expect(new Set(played.told.map(({ event }) => event.id)).size).toBe(played.told.length);
    });
  });

  it('Mazak with a debounce of 5 s: what did not hold is not told, and the last of it is as without', () => {
    const lines = recordingLines('nist-sms-testbed', 'Mazak01-20161024-20161025.shdr.txt.gz');
    const rules = DEFAULT_MAPPING.rules.map((rule) =>
      rule.kind === 'stateMap' ? { ...rule, debounceMs: 5_000 } : rule,
    );
    const played = play('Mazak01', lines, new Set([30_000, 60_000]), { ...DEFAULT_MAPPING, name: 'debounced', rules });
    const rows = transitions(played);
    expect(rows).toHaveLength(260);
    for (const [n, row] of rows.entries()) if (n > 0) expect(row[2]).toBe(rows[n - 1]![3]);
    expect(rows[rows.length - 1]!.slice(1)).toEqual(['2016-10-24T19:55:58.690994Z', 'idle', 'offline', 'UNAVAILABLE']);
    expect(Math.min(...seconds(played))).toBeGreaterThanOrEqual(0);
  });

  describe('okuma-run1', () => {
    const expected = golden<{
      summary: GoldenMachine;
      runs: Array<{
        start: string;
        end: string;
        seconds: number;
        partsBefore: number;
        partsAfter: number;
        partCountArrivedAfterCompletionSeconds: number;
      }>;
    }>('mtconnect-okuma');
    const lines = recordingLines('mtconnect-okuma', 'okuma-run1.shdr.txt');

    it('reads every observation and skips the multi-line assets', () => {
      const { signals } = play('OKUMA', lines);
      expect(new Set(signals.map((signal) => signal.raw.ref)).size).toBe(expected.summary.lines_with_observations);
      // golden.json takes line 963, `p1Fcmd|UNAVAILABLE|p1Fract|861.4038|p1Frcmd|5`, for one condition; it is three
      // pairs. It also leaves out four of the pairs whose value is empty (lines 78, 1384, 1385).
      expect(signals).toHaveLength(expected.summary.observations + 2 + 4);
      expect(play('OKUMA', lines).refused).toBe(0);
    });

    it('tells the golden status transitions', () => {
      const rows = transitions(play('OKUMA', lines));
      expect(rows).toEqual(expected.summary.status.first);
      expect(rows).toHaveLength(expected.summary.status.total);
    });

    it('tells one run with the part that is counted after its end', () => {
      const run = expected.runs[0]!;
      const ended = Date.parse(run.end);
      const later = (ms: number) => new Date(ended + ms).toISOString();
      const before = play('OKUMA', [...lines, `${later(1_900)}|Fovr|100`]);
      expect(ofType(before, 'production.run_completed')).toEqual([]);
      const runs = ofType(play('OKUMA', [...lines, `${later(2_100)}|Fovr|100`]), 'production.run_completed');
      expect(runs).toHaveLength(1);
      expect(runs[0]!.data).toMatchObject({
        machine: 'OKUMA',
        startedAt: run.start,
        endedAt: run.end,
        partsBefore: run.partsBefore,
        partsAfter: run.partsAfter,
        parts: 1,
        endedBy: 'PROGRAM_COMPLETED',
        program: 'IMTS-2022-2-HOB.MIN',
        quality: 'good',
      });
      expect(runs[0]!.data['durationSeconds']).toBeCloseTo(run.seconds, 2);
    });
  });
});
