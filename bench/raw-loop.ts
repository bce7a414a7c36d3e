import { Pool } from 'undici';

/**
 * The yardstick: nothing but undici's `dispatch` in a loop, with the receiver, the body, the number of headers and the
 * concurrency of the pipeline. Arguments: URL, requests, concurrency, bytes of the body. Prints one line of JSON.
 */
const [url, total, concurrency, bytes] = [
  process.argv[2]!,
  Number(process.argv[3]),
  Number(process.argv[4]),
  Number(process.argv[5]),
];
const { origin, pathname } = new URL(url);
const pool = new Pool(origin, { connections: concurrency, pipelining: 1, allowH2: false });
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
  'traceparent',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
  'millrace-request-id',
  '0af76519-16cd-43dd-8448-eb211c80319c',
];

const run = (count: number): Promise<void> =>
  new Promise((resolve, reject) => {
    let started = 0;
    let ended = 0;
    const next = (): void => {
      if (started === count) return;
      const headers = [...HEADERS, 'webhook-id', `evt_${started++}`];
      pool.dispatch(
        { method: 'POST', path: pathname, headers, body },
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
  await run(Math.min(2_000, total));
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  await run(total);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const used = process.cpuUsage(cpu);
  process.stdout.write(`${JSON.stringify({ seconds, cpuMicros: used.user + used.system })}\n`);
  await pool.close();
};
void main();
