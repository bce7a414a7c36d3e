import { setTimeout as delay } from 'node:timers/promises';
import type { MachineList } from '@millrace/protocol';
import { MosquittoBroker } from '@millrace/test-environment';
import { connectAsync } from 'mqtt';
import { connectSource, FoldBacklog, readSignals } from '../ingest/ingest-site';
import { ResidentSeries } from '../ingest/resident-series';
import { within } from '../ingest/within';
import { always, atMost, exactly, type Part, row } from '../report/part';
import { size } from '../report/sizes';
import { Site } from '../site/site';

const SOURCE = 'plant';
const MACHINES = 20;
const GATEWAYS = 50;
const LINES = 5;
const AGAIN_MS = 500;
/** From Kafka's return, until all is stored. */
const PATIENCE_MS = 180_000;

/** Check 13 of machine ingest: what comes while Kafka is away waits with whoever sent it, and is there afterwards. */
export const outage: Part = {
  name: 'outage',
  measures: 'Kafka is down for 60 s while 20,000 MQTT messages (QoS 1) and 1,000 HTTP batches arrive: nothing lost',
  takes: '≤ 6 min',
  run: async ({ environment, say }) => {
    const messages = size('SOAK_MESSAGES', 20_000);
    const batches = size('SOAK_BATCHES', 1_000);
    const downMs = size('SOAK_SECONDS', 60) * 1_000;
    const broker = await MosquittoBroker.start();
    const site = await Site.start(environment);
    const backlog = await FoldBacklog.of(site);
    let memory: ResidentSeries | null = null;
    let isDown = false;
    try {
      const ingest = await site.service('machine-ingest');
      await connectSource(site, SOURCE, 'mqtt', {
        url: broker.url,
        topics: [{ filter: 'plant/+', machine: '{2}', path: 'n', value: 'n', seq: 'n' }],
      });
      const publisher = await connectAsync(broker.url, { reconnectPeriod: 0 });
      memory = new ResidentSeries(ingest.pid);
      const before = memory.now;
      await environment.stopBroker('kill');
      isDown = true;
      const down = performance.now();
      const posting = post(site, batches);
      for (let n = 0; n < messages; n += 500)
        await within(
          60,
          'the MQTT broker',
          Promise.all(
            Array.from({ length: Math.min(500, messages - n) }, (_, index) => {
              const number = n + index;
              const topic = `plant/M-${number % MACHINES}`;
              return publisher.publishAsync(topic, JSON.stringify({ n: Math.floor(number / MACHINES) }), { qos: 1 });
            }),
          ),
        );
      const sentS = (performance.now() - down) / 1_000;
      await delay(Math.max(0, downMs - (performance.now() - down)));
      const heldThen = memory.most;
      const answersThen = { ...posting.answers };
      await environment.startBroker();
      isDown = false;
      const back = performance.now();
      const stored = await untilStored(site, messages, batches * LINES);
      const storedS = (performance.now() - back) / 1_000;
      await within(PATIENCE_MS / 1_000, 'the HTTP batches', posting.done);
      await backlog.empty().catch((error: Error) => say(error.message));
      const foldedS = (performance.now() - back) / 1_000;
      memory.stop();
      await publisher.endAsync(true);
      const repeated = stored.repeatedMessages + stored.repeatedLines;
      const passedOver = await duplicatesOf(site);
      const lostMessages = messages - stored.messages;
      const lostLines = batches * LINES - stored.lines;
      return {
        rows: [
          row('messages that the MQTT broker took', `${messages} in ${sentS.toFixed(1)} s`),
          row('… lost', String(lostMessages), always(exactly(lostMessages, 0))),
          row('… stored once more', String(stored.repeatedMessages)),
          row('lines of the HTTP batches', String(batches * LINES)),
          row('… lost', String(lostLines), always(exactly(lostLines, 0))),
          row('… stored once more', String(stored.repeatedLines)),
          row('what the fold passed over of both', String(passedOver), always(exactly(passedOver, repeated))),
          row('answers to batches while Kafka was away', JSON.stringify(answersThen)),
          row('202 in all', String(posting.answers[202] ?? 0), always(exactly(posting.answers[202] ?? 0, batches))),
          row(
            'all stored after the return of Kafka',
            `${storedS.toFixed(1)} s`,
            always(atMost(storedS, PATIENCE_MS / 1_000, ' s')),
          ),
          row('… and folded', `${foldedS.toFixed(1)} s`),
          row('memory of machine-ingest before', `${before.toFixed(0)} MiB`),
          row('… the most while Kafka was away', `${heldThen.toFixed(0)} MiB`),
          row(
            '… the most',
            `${memory.most.toFixed(0)} MiB`,
            always(atMost(Math.round(memory.most), 572, ' MiB (600 MB)')),
          ),
        ],
        notes: [`Kafka was killed and away for ${(downMs / 1_000).toFixed(0)} s.`],
      };
    } finally {
      memory?.stop();
      for (const complaint of site.complaints()) say(complaint);
      if (isDown) await environment.startBroker();
      await broker.remove();
      await backlog.close();
      await site.close();
    }
  },
};

interface Posting {
  /** How many answers had each status. */
  readonly answers: { readonly [status: number]: number };
  readonly done: Promise<unknown>;
}

/** Gateways: each keeps a batch until it is acknowledged, and sends it again under its key. */
const post = (site: Site, batches: number): Posting => {
  const waiting = Array.from({ length: batches }, (_, n) => n);
  const answers: { [status: number]: number } = {};
  const gateway = async (): Promise<void> => {
    for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop())
      for (let status = 0; status !== 202; ) {
        const lines = Array.from({ length: LINES }, (_, n) =>
          JSON.stringify({ machine: `H-${batch! % MACHINES}`, path: 'n', value: batch! * LINES + n }),
        );
        const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': `batch-${batch}` };
        status = await site.post('machine-ingest', '/v1/signals', lines.join('\n'), headers);
        answers[status] = (answers[status] ?? 0) + 1;
        if (status !== 202) await delay(AGAIN_MS);
      }
  };
  const done = Promise.all(Array.from({ length: GATEWAYS }, gateway));
  // It is waited for at the end, and may fail before.
  done.catch(() => undefined);
  return { answers, done };
};

interface Stored {
  readonly messages: number;
  readonly repeatedMessages: number;
  readonly lines: number;
  readonly repeatedLines: number;
}

/** Looks until as many different ones as were sent are there, or the patience is over. */
const untilStored = async (site: Site, messages: number, lines: number): Promise<Stored> => {
  for (const end = performance.now() + PATIENCE_MS; ; await delay(1_000)) {
    const stored = await whatIsStored(site).catch(() => null);
    if (stored !== null && ((stored.messages >= messages && stored.lines >= lines) || performance.now() > end))
      return stored;
    if (performance.now() > end + PATIENCE_MS) throw new Error('the stored signals cannot be read');
  }
};

const whatIsStored = async (site: Site): Promise<Stored> => {
  const [messages, lines] = [new Distinct(), new Distinct()];
  await readSignals(site, ({ source, machine, path, value }) => {
    if (path === 'n') (source === SOURCE ? messages : lines).add(`${machine} ${value}`);
  });
  return {
    messages: messages.count,
    repeatedMessages: messages.repeats,
    lines: lines.count,
    repeatedLines: lines.repeats,
  };
};

/** Signals that the fold knew already, of all machines. */
const duplicatesOf = async (site: Site): Promise<number> => {
  const { data } = await site.call<MachineList>('machine-ingest', 'GET', `/v1/machines?limit=${2 * MACHINES}`);
  return data.reduce((sum, { counts }) => sum + (counts.duplicates ?? 0), 0);
};

class Distinct {
  private readonly seen = new Set<string>();
  repeats = 0;

  get count(): number {
    return this.seen.size;
  }

  add(name: string): void {
    if (this.seen.has(name)) this.repeats++;
    else this.seen.add(name);
  }
}
