import { readFileSync } from 'node:fs';
import {
  describeRecordings,
  recordingLines,
  recordingPath,
} from '../../../../../apps/machine-ingest/src/test-support/recordings';
import type { Signal } from '../../signal/signal';
import { foldUnder } from '../../signal/signals.fixture';
import { lineMapping, lineRule } from './rollform-mapping.fixture';
import { type RecordedBundle, recordedLine, withDeadGateway } from './rollform-recording.fixture';

const FIRST = Date.parse('2026-02-17T14:00:05Z');
const ENDED = Date.parse('2026-02-17T15:30:00Z');
const MINUTE = 60_000;
/** Of 90 outages of so many minutes. */
const WHAT_IS_KNOWN: { readonly [minutes: number]: { readonly [what: string]: number } } = {
  1: { same: 85, times: 4, pieces: 0, unseen: 1 },
  5: { same: 57, times: 20, pieces: 8, unseen: 5 },
  12: { same: 21, times: 42, pieces: 15, unseen: 12 },
  20: { same: 0, times: 47, pieces: 23, unseen: 20 },
};
const TIMES = ['RunMinutes', 'DelayMinutes', 'DelayMinByReason'];
const PIECES = ['TotalQty', 'Items', 'ShortestLengthIn'];
type Told = { readonly type: string; readonly [member: string]: unknown };

const ticked = (signals: readonly Signal[]): Signal[] => {
  const last = signals.at(-1)!;
  const time = new Date(Date.parse(last.at) + 5_000).toISOString();
  const tick = {
    path: '$tick',
    kind: 'lifecycle',
    value: null,
    unit: null,
    seq: null,
    sourceTs: null,
    flags: [],
  } as const;
  return [...signals, { ...last, ...tick, receiveTs: time, at: time }];
};

describeRecordings('the bundle of the recording with a dead gateway at each of its minutes', () => {
  const signals = recordedLine(recordingLines('rollform-synthetic', 'base.ndjson'));
  const { bundle: expected } = JSON.parse(
    readFileSync(recordingPath('rollform-synthetic', 'expected.json'), 'utf8'),
  ) as RecordedBundle;
  const mapping = lineMapping(lineRule());
  const starts = Array.from({ length: 90 }, (_, n) => FIRST + n * MINUTE);
  const bundleAfter = (from: number, to: number) => {
    const heard = signals.filter(({ at }) => Date.parse(at) <= from).length;
    const { told } = foldUnder(mapping, ticked(withDeadGateway(signals, heard, to, from)));
    const bundles = (told as Told[]).filter(({ type }) => type.startsWith('bundle.'));
    expect(bundles).toHaveLength(1);
    const { type, integrity, ...result } = bundles[0]!;
    expect(type).toBe('bundle.completed');
    const other = Object.keys(expected).filter(
      (name) => JSON.stringify(result[name]) !== JSON.stringify(expected[name]),
    );
    return { result, other, integrity: integrity as { closedUnseen: boolean; violations: Array<{ check: string }> } };
  };
  const isUnseen = (path: string, from: number, to: number) =>
    signals.some(({ path: each, at }) => each === path && Date.parse(at) > from && Date.parse(at) <= to);

  it.each([1, 5, 12, 20])('for %i min is the same, but for what no register tells afterwards', (minutes) => {
    const known = { same: 0, times: 0, pieces: 0, unseen: 0 };
    for (const from of starts) {
      const to = from + minutes * MINUTE;
      const { result, other, integrity } = bundleAfter(from, to);
      if (to > ENDED) {
        // The next one is loaded by then: whether this one was complete, and whose the difference is, nobody knows.
        expect({ from, ...integrity, complete: result['Complete'] }).toMatchObject({
          closedUnseen: true,
          complete: false,
        });
        known.unseen++;
        continue;
      }
      const times = other.filter((name) => TIMES.includes(name));
      const pieces = other.filter((name) => PIECES.includes(name));
      expect({ from, other: other.filter((name) => ![...TIMES, ...PIECES].includes(name)) }).toEqual({
        from,
        other: [],
      });
      // When it stopped or went on meanwhile is not known; the code of each standing is.
      if (times.length > 0) expect({ from, state: isUnseen('Line/State', from, to) }).toEqual({ from, state: true });
      expect(Object.keys(result['DelayMinByReason'] as object)).not.toContain('0');
      // The pieces of an item that was left meanwhile, or begun and left, are not known, and the sums say so.
      if (pieces.length > 0) expect({ from, item: isUnseen('Item/ItmId', from, to) }).toEqual({ from, item: true });
      expect({ from, checks: integrity.violations.map(({ check }) => check) }).toEqual({
        from,
        checks: pieces.length > 0 ? ['items'] : [],
      });
      known[times.length + pieces.length === 0 ? 'same' : pieces.length > 0 ? 'pieces' : 'times']++;
    }
    expect([minutes, known]).toEqual([minutes, WHAT_IS_KNOWN[minutes]]);
  });

  it('is the same where all values are said once more, as a snapshot, at any place', () => {
    const { told } = foldUnder(mapping, signals);
    const bundleOf = (all: readonly object[]) =>
      JSON.stringify((all as Told[]).filter(({ type }) => type.startsWith('bundle.')));
    const first = signals.findIndex(({ flags }) => !flags.includes('snapshot'));
    for (let heard = first; heard < signals.length - 1; heard++) {
      const registers = new Map(signals.slice(0, heard + 1).map((one) => [one.path, one]));
      const { at, session } = signals[heard]!;
      const again = [...registers.values()].map(
        (one, seq): Signal => ({ ...one, session: `${session}/again`, seq, at, receiveTs: at, flags: ['snapshot'] }),
      );
      const seen = foldUnder(mapping, [...signals.slice(0, heard + 1), ...again, ...signals.slice(heard + 1)]);
      expect([heard, bundleOf(seen.told)]).toEqual([heard, bundleOf(told)]);
    }
  });
});
