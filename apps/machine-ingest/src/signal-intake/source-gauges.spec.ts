import { metrics } from '@millrace/telemetry';
import { type GaugedSource, SourceGauges } from './source-gauges';
import type { SourceConnection } from './source-kind';

const connected = (since: number): SourceConnection => ({ state: 'connected', since, session: 'x' });
const gone: SourceConnection = { state: 'degraded', since: 0, reason: 'gone', nextTryAt: null };
const source = (
  kind: string,
  connection: SourceConnection,
  lastAt: number | null,
  [queued, lagMs]: readonly [number, number | null] = [0, null],
): GaugedSource => ({ kind, lastAt, health: { connection, lastError: null, counts: {}, queued, lagMs } });

/** What is exposed of a kind, without its name. */
const toldOf = (kind: string): string[] =>
  metrics
    .render()
    .split('\n')
    .filter((line) => line.includes(`kind="${kind}"`))
    .map((line) => line.replace('millrace_', '').replace(`kind="${kind}"`, '').replace('{}', '').replace('{,', '{'))
    .sort();

it('adds up what waits, and takes the slowest and the most silent source of a kind', () => {
  const gauges = new SourceGauges();
  gauges.tell(
    [
      source('drive', connected(1_000), 4_000, [3, 250]),
      source('drive', connected(2_000), null, [4, null]),
      source('drive', gone, 500, [5, 1_500]),
      source('press', connected(9_000), 8_000),
    ],
    10_000,
  );
  expect(toldOf('drive')).toEqual([
    'source_lag_seconds 1.5',
    'source_queued_signals 12',
    'source_silence_seconds 8',
    'sources{connection="connected"} 2',
    'sources{connection="degraded"} 1',
  ]);
  expect(toldOf('press')).toEqual([
    'source_lag_seconds 0',
    'source_queued_signals 0',
    'source_silence_seconds 1',
    'sources{connection="connected"} 1',
  ]);
});

it('tells as none what was told before and is no more', () => {
  const gauges = new SourceGauges();
  gauges.tell([source('saw', connected(0), null, [7, 100]), source('line', connected(0), null)], 5_000);
  gauges.tell([source('line', gone, null)], 6_000);
  expect(toldOf('saw')).toEqual([
    'source_lag_seconds 0',
    'source_queued_signals 0',
    'source_silence_seconds 0',
    'sources{connection="connected"} 0',
  ]);
  expect(toldOf('line').slice(-2)).toEqual(['sources{connection="connected"} 0', 'sources{connection="degraded"} 1']);
});
