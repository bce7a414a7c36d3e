import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CONTRACT_NAMES, expressWebhook, GapDetector, Millrace, MillraceApiError } from '@millrace/sdk';
import { eventually, type ReceivedRequest, ScriptedReceiver } from '@millrace/test-environment';
import { freeTestPort } from '../../deploy/local/machine/free-port';
import { projectRoot } from '../../deploy/local/machine/project-root';
import { type Origin, startOrigin } from '../../deploy/local/origin/origin';
import { Constellation } from './constellation';

jest.setTimeout(180_000);

const ROOT = projectRoot();
const PACKAGE = join(ROOT, 'libs/sdk');
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const run = promisify(execFile);

describe('somebody works with the SDK', () => {
  let site: Constellation;
  let origin: Origin;
  let url: string;
  let folder: string;
  let millrace: Millrace;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    site = await Constellation.start({ timeScale: 0.02 });
    const port = await freeTestPort();
    const at = (name: 'machine-ingest' | 'subscription' | 'delivery' | 'audit-projector') => ({
      host: '127.0.0.1',
      port: Number(new URL(site.service(name).url).port),
    });
    origin = await startOrigin({
      port,
      hosts: ['127.0.0.1'],
      projectRoot: ROOT,
      services: {
        'machine-ingest': at('machine-ingest'),
        subscription: at('subscription'),
        delivery: at('delivery'),
        'audit-projector': at('audit-projector'),
      },
    });
    url = `http://127.0.0.1:${port}`;
    millrace = new Millrace({ url, apiKey: site.adminKey });
    folder = await mkdtemp(join(tmpdir(), 'millrace-sdk-'));
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await origin?.close();
    await site?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it('publishes, receives in a handler, and proves that nothing is missing', async () => {
    const gaps = new GapDetector();
    const taken: unknown[] = [];
    const receive = expressWebhook({ secret: SECRET }, async (event, info) => {
      // The second one is refused at first, so that it comes later than the third.
      const { n } = event.data as { n: number };
      if (n === 2 && !taken.includes('refused')) {
        taken.push('refused');
        return { status: 503 };
      }
      taken.push(n);
      await gaps.record('hook', info);
      return undefined;
    });
    const server = createServer((request, response) => void receive(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
      const endpoint = await millrace.endpoints.create({ url: hook, eventTypes: ['sdk.counted'], secret: SECRET });
      const { events } = await millrace.events.publish([1, 2, 3].map((n) => ({ type: 'sdk.counted', data: { n } })));
      await eventually(() => taken.filter((n) => typeof n === 'number').length >= 3, 'all three', 30_000);
      expect(taken.filter((n) => typeof n === 'number').sort()).toEqual([1, 2, 3]);
      expect(await gaps.missing('hook')).toEqual([]);

      const delivered = await eventually(
        async () => {
          const found = await millrace.deliveries
            .list({ endpointId: endpoint.id, status: 'succeeded', limit: 1 })
            .take(10);
          return found.length === 3 ? found : undefined;
        },
        'three deliveries that succeeded',
        30_000,
      );
      expect(new Set(delivered?.map(({ eventId }) => eventId))).toEqual(new Set(events.map(({ id }) => id)));
      const detail = await millrace.deliveries.get(
        delivered?.find(({ attemptCount }) => attemptCount === 2)?.id as string,
      );
      expect(detail.attempts.map(({ outcome }) => outcome)).toEqual(['http_503', 'success']);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('calls the rest of the API, and is told what is wrong', async () => {
    const endpoint = await millrace.endpoints.create({ url: 'http://127.0.0.1:1/', eventTypes: ['sdk.never'] });
    expect((await millrace.endpoints.pause(endpoint.id)).status).toBe('paused');
    expect((await millrace.endpoints.activate(endpoint.id)).recovery).toBeNull();
    expect((await millrace.endpoints.rotateSecret(endpoint.id, 60)).secret).toMatch(/^whsec_/);
    expect(await millrace.endpoints.heldKeys(endpoint.id).take(5)).toEqual([]);
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const job = await millrace.endpoints.recover(endpoint.id, { since, only: 'missing', dryRun: true });
    expect((await millrace.recoveries.get(job.id)).endpointId).toBe(endpoint.id);
    expect((await millrace.recoveries.list({ endpointId: endpoint.id }).first()).data).toHaveLength(1);
    expect(await millrace.deliveries.cancelMany({ filter: { endpointId: endpoint.id }, dryRun: true })).toMatchObject({
      matched: 0,
    });
    expect((await millrace.filters.test({ filter: { n: { $gt: 1 } }, eventTypes: ['sdk.*'] })).complete).toBe(true);
    expect((await millrace.eventTypes.list().take(3)).length).toBe(3);
    expect((await millrace.signals.publish({ machine: 'press-7', path: 'execution', value: 'ACTIVE' })).accepted).toBe(
      1,
    );
    expect(Array.isArray(await millrace.machines.list().take(5))).toBe(true);
    expect((await millrace.site.ready()).ok).toBe(true);
    expect((await millrace.site.openApi())['openapi']).toBe('3.1.0');
    expect(await millrace.site.metrics()).toContain('# TYPE');
    expect((await millrace.contracts.list().take(10)).length).toBe(6);
    expect(await millrace.auditLog.list().take(1)).toEqual([]);
    const webhook = await millrace.createWebhook('https://a.example/hook', ['run.completed']);
    expect(webhook).toEqual({
      id: expect.any(String),
      url: 'https://a.example/hook',
      events: ['run.completed'],
      secret: expect.any(String),
      created_at: expect.any(String),
    });
    const key = await millrace.apiKeys.create({ name: 'reader', scopes: ['webhooks:read'] });
    await millrace.endpoints.delete(endpoint.id);

    const failure = (call: Promise<unknown>) =>
      call.then(
        () => undefined,
        (error: unknown) => error as MillraceApiError,
      );
    expect(await failure(millrace.endpoints.get(endpoint.id))).toMatchObject({ status: 404, code: 'not_found' });
    const invalid = await failure(millrace.endpoints.create({ url: 'http://127.0.0.1:1/', eventTypes: [] }));
    expect(invalid).toBeInstanceOf(MillraceApiError);
    expect(invalid).toMatchObject({ code: 'invalid_request', errors: [{ path: 'eventTypes' }] });
    expect(invalid?.traceId).toMatch(/^[0-9a-f]{32}$/);
    const reader = new Millrace({ url, apiKey: key.key });
    const lacking = await eventually(
      async () => {
        const error = await failure(reader.createWebhook('https://a.example/', ['run.completed']));
        return error?.status === 403 ? error : undefined;
      },
      'the key to be known',
      10_000,
    );
    expect(lacking).toMatchObject({
      code: 'insufficient_scope',
      required: ['webhooks:write'],
      provided: ['webhooks:read'],
    });
    await millrace.apiKeys.revoke(key.id);
  });

  it.each(CONTRACT_NAMES)('receives under the contract %s', async (contract) => {
    const secret = contract === 'standard' || contract === 'eclipse' ? SECRET : 'any text-0123456789';
    const protection = contract === 'standard' || contract === 'eclipse' ? {} : { replayProtection: true };
    const taken: string[] = [];
    const receive = expressWebhook(
      { contract, secret, ...protection } as { contract: 'mes'; secret: string },
      (_event, info) => {
        taken.push(String(info.id));
      },
    );
    const server = createServer((request, response) => void receive(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
      const type = `sdk.under_${contract}`;
      const endpoint = await millrace.endpoints.create({ url: hook, eventTypes: [type], contract, secret });
      const { events } = await millrace.events.publish({ type, data: { run_id: 'r-1', length: 14400 } });
      const delivery = await site.settled(events[0]?.id as string, 'succeeded');
      expect(taken).toEqual([events[0]?.id]);
      expect(delivery.attempts.map(({ response }) => response?.status)).toEqual([200]);
      await millrace.endpoints.delete(endpoint.id);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  describe('as a package, installed from its tarball', () => {
    /** The blocks of the README that have a name. */
    let blocks: Map<string, string>;
    let captured: ReceivedRequest;

    beforeAll(async () => {
      const readme = await readFile(join(PACKAGE, 'README.md'), 'utf8');
      blocks = new Map(
        [...readme.matchAll(/^```\w* ?(\S*)\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [
          name as string,
          text as string,
        ]),
      );
      await writeFile(join(folder, 'package.json'), '{"private": true}');
      const settings = { npm_config_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' };
      await run('bash', ['--norc', '-euo', 'pipefail', '-c', await block('install')], {
        cwd: folder,
        env: { ...process.env, ...settings, MILLRACE: ROOT },
      });
      for (const name of ['express', 'fastify'])
        await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));

      const receiver = await ScriptedReceiver.start();
      await site.createEndpoint(receiver.url, { eventTypes: ['sdk.captured'], secret: SECRET });
      await site.publish({ type: 'sdk.captured', data: { n: 1 } });
      captured = await receiver.waitFor(() => true, 30_000);
      await receiver.close();
    });

    const environment = (more: { [name: string]: string } = {}) => ({
      PATH: `${join(folder, 'node_modules/.bin')}:${process.env['PATH']}`,
      HOME: folder,
      MILLRACE_URL: url,
      MILLRACE_API_KEY: site.adminKey,
      WEBHOOK_SECRET: SECRET,
      ...more,
    });
    const start = (program: string, args: string[], more: { [name: string]: string } = {}) => {
      const child = spawn(program, args, { cwd: folder, env: environment(more) });
      children.add(child);
      const said = { out: '', err: '', code: null as number | null };
      child.stdout.on('data', (text) => {
        said.out += text;
      });
      child.stderr.on('data', (text) => {
        said.err += text;
      });
      child.once('exit', (code) => {
        said.code = code ?? -1;
      });
      return { child, said };
    };
    const ended = async ({ said }: ReturnType<typeof start>) => {
      await eventually(() => said.code !== null, 'the program to end', 60_000);
      return said;
    };
    const block = async (name: string): Promise<string> => {
      const text = blocks.get(name);
      if (text === undefined) throw new Error(`The README has no block ${name}`);
      if (name.endsWith('.mjs')) await writeFile(join(folder, name), text);
      return text;
    };

    it('its README has no example that is not run here', () => {
      expect([...blocks.keys()].sort()).toEqual(
        [
          ...['install', 'publish.mjs', 'errors.mjs', 'express.mjs', 'fastify.mjs', 'worker.mjs', 'server.mjs'],
          ...['contracts.mjs', 'gaps.mjs', 'commands', 'listen', 'verify'],
        ].sort(),
      );
    });

    it.each<[string, RegExp]>([
      ['publish.mjs', /^ep_\w+ has the secret whsec_.*\nsafe: evt_\w+\norder\.shipped \w+ .*\n$/],
      ['errors.mjs', /^422 invalid_url/],
      ['contracts.mjs', /^true null\n$/],
      ['gaps.mjs', /^missing: 3 to 4, the last of them evt_4, noticed at 20/],
    ])('%s runs', async (name, output) => {
      await block(name);
      const { code, out, err } = await ended(start('node', [name]));
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(output);
    });

    it.each(['express.mjs', 'fastify.mjs', 'server.mjs'])('%s receives a real webhook', async (name) => {
      await block(name);
      const port = String(await freeTestPort());
      const { child, said } = start('node', [name], { PORT: port });
      const hook = `http://localhost:${port}/hook`;
      await eventually(
        () =>
          fetch(hook, { method: 'POST' }).then(
            () => true,
            () => false,
          ),
        `${name} to listen`,
        20_000,
      );
      const type = `sdk.${randomBytes(6).toString('hex')}`;
      await site.createEndpoint(hook, { eventTypes: [type], secret: SECRET });
      const [id] = await site.publish({ type, data: { n: 1 } });
      await site.settled(id as string, 'succeeded');
      expect(said.out).toContain(`${id} ${type}`);
      child.kill();
    });

    it('worker.mjs receives a real webhook', async () => {
      await block('worker.mjs');
      const request = { method: 'POST', headers: captured.headers, body: captured.body.toString() };
      await writeFile(
        join(folder, 'runtime.mjs'),
        `import worker from './worker.mjs';
         const answer = await worker.fetch(new Request('https://edge.example/', ${JSON.stringify(request)}));
         console.log(answer.status);`,
      );
      const { out, err } = await ended(start('node', ['runtime.mjs']));
      expect([out, err]).toEqual([expect.stringMatching(/^evt_\w+ sdk\.captured \{ n: 1 \}\n200\n$/), '']);
    });

    it('the command does a day’s work', async () => {
      const { code, out, err } = await ended(
        start('bash', ['--norc', '-euo', 'pipefail', '-c', await block('commands')]),
      );
      expect([code, err]).toEqual([0, '']);
      expect(out).toContain('Logged in to ');
      expect(out.match(/^evt_/gm)).toHaveLength(3);
      expect(out).toMatch(/Deleted ep_\w+\n$/);
    });

    it('the command verifies a webhook that was saved, and says what was done to its body', async () => {
      await writeFile(join(folder, 'body.json'), captured.body);
      const lines = Object.entries(captured.headers).map(([name, value]) => `${name}: ${value}`);
      await writeFile(join(folder, 'headers.txt'), lines.join('\n'));
      const verify = await block('verify');
      const genuine = await ended(start('bash', ['--norc', '-c', verify]));
      expect([genuine.code, genuine.out]).toEqual([0, expect.stringMatching(/^Genuine, evt_/)]);
      await writeFile(join(folder, 'body.json'), `${captured.body}\n`);
      const changed = await ended(start('bash', ['--norc', '-c', verify]));
      expect([changed.code, changed.out]).toEqual([
        1,
        expect.stringContaining('the line break at its end was added later'),
      ]);
    });

    it('the command recovers and retries what an endpoint missed, and shows it as it happens', async () => {
      const millraceCommand = join(folder, 'node_modules/.bin/millrace');
      const type = `sdk.${randomBytes(6).toString('hex')}`;
      await site.publish({ type, data: 1 });
      const receiver = await ScriptedReceiver.start(410);
      const endpoint = await site.createEndpoint(receiver.url, { eventTypes: [type], secret: SECRET });
      const tail = start(millraceCommand, ['deliveries', 'tail', '--endpoint', endpoint.id, '--json']);

      // `missing` becomes a delivery, which its receiver refuses for good.
      const words = ['recover', endpoint.id, '--since', '5m', '--only', 'missing', '--yes'];
      const recovered = await ended(start(millraceCommand, words));
      expect([recovered.code, recovered.out]).toEqual([
        0,
        expect.stringMatching(/^1 would be delivered, of \d+ looked at\.\nDone: 1 sent/),
      ]);
      await eventually(() => tail.said.out.includes('"status":"failed"'), 'its failure to be shown', 20_000);

      receiver.respond(200);
      await millrace.endpoints.activate(endpoint.id);
      const retried = await ended(start(millraceCommand, ['retry', '--endpoint', endpoint.id, '--yes']));
      expect([retried.code, retried.out]).toEqual([0, '1 delivery matches.\nAsked for 1 retry.\n']);
      await eventually(() => tail.said.out.includes('"status":"succeeded"'), 'its success to be shown', 20_000);
      tail.child.kill('SIGINT');
      expect(await ended(tail)).toMatchObject({ code: 0, err: '' });
      await receiver.close();
    });

    it('listen gives an endpoint of eclipse the token that the app expects', async () => {
      const app = await ScriptedReceiver.start();
      const words = [
        'listen',
        '--forward-to',
        app.url,
        '--types',
        'sdk.eclipse',
        '--contract',
        'eclipse',
        '--token',
        't-1',
      ];
      const { child, said } = start(join(folder, 'node_modules/.bin/millrace'), words);
      await eventually(() => /^Endpoint ep_/.test(said.out), 'an endpoint', 20_000);
      const [event] = await site.publish({ type: 'sdk.eclipse', data: { n: 1 } });
      await site.settled(event as string, 'succeeded');
      expect(app.requests[0]?.headers['authorization']).toBe('Bearer t-1');
      child.kill('SIGINT');
      await eventually(() => said.code !== null, 'listen to end', 20_000);
      expect([said.code, said.err]).toEqual([0, '']);
      await app.close();
    });

    it.each(['SIGINT', 'SIGTERM'] as const)(
      'listen forwards a real delivery, and removes its endpoint on %s',
      async (signal) => {
        const app = await ScriptedReceiver.start();
        const words = (await block('listen'))
          .trim()
          .replace('http://localhost:3000/', app.url)
          .replaceAll("'", '')
          .split(' ');
        const { child, said } = start(join(folder, 'node_modules/.bin', words[0] as string), words.slice(1));
        await eventually(() => /^Endpoint ep_/.test(said.out), 'an endpoint', 20_000);
        const id = /ep_\w+/.exec(said.out)?.[0] as string;
        const [event] = await site.publish({ type: 'order.forwarded', data: { length: 1 } });
        const forwarded = await app.waitFor((request) => request.headers['webhook-id'] === event, 20_000);
        const delivery = await site.settled(event as string, 'succeeded');
        expect(forwarded.path).toBe('/hook');
        expect(forwarded.body.toString()).toBe(delivery.attempts[0]?.request.body);
        expect(forwarded.headers['webhook-signature']).toBe(delivery.attempts[0]?.request.headers['webhook-signature']);
        expect(forwarded.headers['millrace-sequence']).toBe('1');
        await eventually(() => said.out.includes('order.forwarded'), 'its line', 5_000);
        expect(said.out).toContain(`\nsecret ${SECRET}\n`);
        expect(said.out).toMatch(/ {2}200 {2} +\d+ ms {2}order\.forwarded/);

        child.kill(signal);
        await eventually(() => said.code !== null, 'listen to end', 20_000);
        expect([said.code, said.err]).toEqual([0, '']);
        expect((await site.call('GET', `/v1/endpoints/${id}`)).status).toBe(404);
        await app.close();
      },
    );
  });
});
