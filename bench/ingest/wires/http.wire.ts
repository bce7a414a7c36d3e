import { readSignalRequest } from '../../../apps/machine-ingest/src/signal-intake/http/read-signal-request';
import { EACH, mappingOf, valuesOf, type Wire } from './wire';

const MACHINE = 'http-1';
const LINES = 1_000;
const AT_A_TIME = 4;
const TYPE = 'application/x-ndjson';

const bodyOf = (batch: number): string => {
  const timestamp = new Date().toISOString();
  return Array.from({ length: LINES / EACH }, (_, n) =>
    valuesOf((batch * LINES) / EACH + n)
      .map(([path, value]) => JSON.stringify({ machine: MACHINE, path, value, timestamp }))
      .join('\n'),
  ).join('\n');
};

/** NDJSON in batches. */
export const http: Wire = {
  name: 'HTTP',
  machine: MACHINE,
  mapping: mappingOf(MACHINE, 'http', { state: 'state', count: 'count' }),
  open: async (site) => ({
    send: async (signals) => {
      const batches = Math.ceil(signals / LINES);
      let next = 0;
      const client = async (): Promise<void> => {
        for (let batch = next++; batch < batches; batch = next++) {
          const status = await site.post('machine-ingest', '/v1/signals', bodyOf(batch), { 'content-type': TYPE });
          if (status !== 202) throw new Error(`POST /v1/signals answered ${status}`);
        }
      };
      await Promise.all(Array.from({ length: AT_A_TIME }, client));
      return batches * LINES;
    },
    decode: (signals) => {
      const body = Buffer.from(bodyOf(1));
      const context = { tenant: 'default', receivedAt: Date.now(), repeatable: null, source: 'http', machine: null };
      let read = 0;
      while (read < signals) {
        const request = readSignalRequest({ body, contentType: TYPE }, context);
        if (request.kind === 'problem') throw new Error(request.problem.detail);
        read += request.signals.length;
      }
      return read;
    },
    close: async () => undefined,
  }),
};
