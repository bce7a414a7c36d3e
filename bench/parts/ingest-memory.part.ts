import { readTags } from '../ingest/tags';
import { atMost, type Part, row } from '../report/part';
import { size } from '../report/sizes';

/** Memory of machine-ingest with the tags of a large OPC UA server. */
export const ingestMemory: Part = {
  name: 'ingest-memory',
  measures: 'memory of machine-ingest with 10,000 OPC UA tags, and its growth in a minute of 10,000 values a second',
  takes: '2 min',
  run: async ({ environment, say }) => {
    const count = size('BENCH_TAGS', 10_000);
    const figures = await readTags(environment, say, {
      tags: count,
      seconds: size('BENCH_SECONDS', 60),
      growthFrom: 0.4,
    });
    const { before, withTags, most, growth } = figures;
    return {
      rows: [
        row('resident before', `${before.toFixed(0)} MiB`),
        row('… when every tag had a value', `${withTags.toFixed(0)} MiB`),
        row('… for each tag', `${(((withTags - before) * 1_024) / count).toFixed(1)} KiB`),
        row(
          '… the most while all changed once a second',
          `${most.toFixed(0)} MiB`,
          atMost(Math.round(most), 572, ' MiB'),
        ),
        row('… growth in the last 3/5 of the time', `${growth.toFixed(0)} MiB`),
        row('CPU', `${figures.cores.toFixed(2)} cores`),
        row('from the server to Kafka, p50', `${figures.p50Ms.toFixed(0)} ms`),
        row('… p99', `${figures.p99Ms.toFixed(0)} ms`),
        row('all folded after the last value', `${figures.foldBehindS.toFixed(1)} s`),
        row('values missing', String(figures.given - figures.stored)),
      ],
      notes: [
        `${count} tags at one server and one machine, ${figures.seconds.toFixed(0)} s; memory without a forced collection.`,
      ],
    };
  },
};
