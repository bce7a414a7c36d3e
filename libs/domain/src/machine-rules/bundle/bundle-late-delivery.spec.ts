import { describeRecordings, recordingLines } from '../../../../../apps/machine-ingest/src/test-support/recordings';
import type { Signal } from '../../signal/signal';
import { foldUnder } from '../../signal/signals.fixture';
import { INCHES, lineMapping, lineRule } from './rollform-mapping.fixture';
import { recordedLine } from './rollform-recording.fixture';

/** What is received when nobody was there to receive it, from the nth signal on: all at once, later by so much. */
const receivedLate = (signals: readonly Signal[], n: number, laterMs: number): Signal[] => {
  const back = Date.parse(signals[n - 1]!.at) + laterMs;
  return signals.map((signal, at) => {
    const received = new Date(Math.max(Date.parse(signal.at), at < n ? 0 : back)).toISOString();
    return { ...signal, receiveTs: received, at: received };
  });
};

/**
 * Timers run by the time of receipt. A process that dies between the end of a bundle and its last piece finds the bundle
 * settled when it is back: the piece is a correction then.
 */
describeRecordings('a bundle whose last piece is received when it has settled', () => {
  const signals = recordedLine(recordingLines('rollform-synthetic', 'base.ndjson'));
  const complete = signals.findIndex(({ path, value }) => path === 'Bundle/Complete' && value === true);

  it.each([1, 2, 3])('is corrected to all that was made, and adds up (the %i. signal after its end)', (after) => {
    const { told } = foldUnder(lineMapping(lineRule(), INCHES), receivedLate(signals, complete + after, 13_000));
    const bundles = told.filter(({ type }) => type.startsWith('bundle.'));
    expect(bundles.map(({ type }) => type)).toEqual(['bundle.completed', 'bundle.corrected']);
    expect(bundles[1]).toMatchObject({
      BundleCode: '12345-01',
      GoodIn: 14_400,
      ScrapIn: 120,
      TotalQty: 50,
      DelayMinutes: 17.5,
      integrity: { revision: 2, pausedMinutes: 0, gaps: [], violations: [] },
    });
    expect(bundles[1]!['RunMinutes']).toBeCloseTo(72.5, 0);
  });
});
