import { Pool } from 'undici';

/**
 * The yardstick: nothing but undici's `dispatch` in a loop, with the receiver, the body, the number of headers, the origins and
 * the concurrency of the pipeline. Arguments: requests, concurrency, bytes of the body, then a URL for each origin. Prints one
 * line of JSON.
 */
const [total, concurrency, bytes] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const targets = process.argv.slice(5).map((url) => {
  const { origin, pathname } = new URL(url);
  return { pool: new Pool(origin, { connections: concurrency, pipelining: 1, allowH2: false }), path: pathname };
});
const body = Buffer.alloc(bytes, 'x');
const HEADERS = [
  'content-type',
  'application/json',
  'user-agent',
  'Millrace/1.0',
  'webhook-timestamp',
  '1760000000',
  'webhook-signature',
  'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  'millrace-sequence',
  '123456',
  'millrace-previous-id',
  'pipeline-123455-9ix0c1k3zq',
  'traceparent',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  'millrace-request-id',
  '0af76519-16cd-43dd-8448-eb211c80319c',
  'accept-encoding',
  'identity',
];

const run = (series: string, count: number): Promise<void> =>
  new Promise((resolve, reject) => {
    let started = 0;
    let ended = 0;
    const next = (): void => {
      if (started === count) return;
      const { pool, path } = targets[started % targets.length]!;
      const headers = [...HEADERS, 'webhook-id', `${series}-${started++}-9ix0c1k3zq`];
      pool.dispatch(
        { method: 'POST', path, headers, body },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd() {
            if (++ended === count) resolve();
            else next();
          },
          onResponseError(_controller: unknown, error: Error) {
            reject(error);
          },
        },
      );
    };
    for (let n = 0; n < concurrency; n++) next();
  });

const main = async () => {
  const warmedUp = Math.max(2_000, Math.floor(total / 5));
  await run('warm', warmedUp);
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  await run('raw', total);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const used = process.cpuUsage(cpu);
  process.stdout.write(`${JSON.stringify({ seconds, cpuMicros: used.user + used.system, warmedUp })}\n`);
  await Promise.all(targets.map(({ pool }) => pool.close()));
};
void main();
