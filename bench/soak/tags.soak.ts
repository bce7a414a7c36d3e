import { readTags } from '../ingest/tags';
import { always, atMost, exactly, type Part, row } from '../report/part';
import { size } from '../report/sizes';

/** Check 10 of machine ingest: what an OPC UA server with many tags says is all there, soon, and in memory that does not grow. */
export const tags: Part = {
  name: 'tags',
  measures: '10,000 OPC UA tags at 1 Hz for 5 min: nothing lost, soon in Kafka, memory that does not grow',
  takes: '≤ 9 min',
  run: async ({ environment, say }) => {
    const count = size('SOAK_TAGS', 10_000);
    const seconds = size('SOAK_SECONDS', 300);
    const figures = await readTags(environment, say, { tags: count, seconds, growthFrom: 0.4 });
    const { given, stored, twice, gaps, p50Ms, p99Ms, longestMs, most, growth } = figures;
    return {
      rows: [
        row('values that the server was given', `${given} in ${figures.seconds.toFixed(0)} s`),
        row('… that Kafka does not have', String(given - stored), always(exactly(given - stored, 0))),
        row('… that it has twice', String(twice), always(exactly(twice, 0))),
        row('losses that the source tells of', String(gaps), always(exactly(gaps, 0))),
        row('from the server to Kafka, p50', `${p50Ms.toFixed(0)} ms`),
        row('… p99', `${p99Ms.toFixed(0)} ms`, always(atMost(p99Ms, 2_000, ' ms'))),
        row('… longest', `${longestMs} ms`),
        row('all folded after the last value', `${figures.foldBehindS.toFixed(1)} s`),
        row('CPU of machine-ingest', `${figures.cores.toFixed(2)} cores`),
        row('its memory before the tags', `${figures.before.toFixed(0)} MiB`),
        row('… when all tags had a value', `${figures.withTags.toFixed(0)} MiB`),
        row('… the most', `${most.toFixed(0)} MiB`, always(atMost(Math.round(most), 572, ' MiB (600 MB)'))),
        row('… growth in the last 3/5', `${growth.toFixed(0)} MiB`, always(atMost(Math.round(growth), 25, ' MiB'))),
      ],
      notes: [
        'Growth: of the means of a tenth of the time each, so 25 MiB are the swings of the garbage collector and no leak.',
      ],
    };
  },
};
