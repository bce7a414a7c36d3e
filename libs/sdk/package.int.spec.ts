import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { startBrowser } from '../../apps/console/test/browser';

jest.setTimeout(180_000);

const PACKAGE = __dirname;
const ROOT = join(PACKAGE, '../..');
const run = promisify(execFile);

const VECTOR = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  body: '{"test": 2432232314}',
  headers: {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  now: 1_614_265_330_000,
};

/** The package as npm would publish it, installed where nothing of the repository is. */
describe('the package', () => {
  let folder: string;
  let files: string[];
  let size: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-package-'));
    const environment = { ...process.env, NODE_OPTIONS: '', npm_config_update_notifier: 'false' };
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: PACKAGE,
      env: environment,
    });
    const packed = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as unknown;
    // A list until npm 11, by the package's name from then on.
    const [tarball] = Object.values(packed as object) as {
      filename: string;
      unpackedSize: number;
      files: { path: string }[];
    }[];
    files = (tarball?.files ?? []).map(({ path }) => path);
    size = tarball?.unpackedSize ?? 0;
    await writeFile(join(folder, 'package.json'), '{"name": "consumer", "private": true, "type": "module"}');
    await run(
      'npm',
      [
        'install',
        '--offline',
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        join(folder, tarball?.filename as string),
      ],
      { cwd: folder, env: environment },
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Under the Node of the tests, and the one of the machine: the oldest that is promised. */
  const runtimes = [
    ['the Node of the tests', process.execPath],
    ['the Node of the machine', 'node'],
  ] as const;
  const node = (runtime: string, ...args: string[]) =>
    run(runtime, args, { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder } });

  it('holds what it should and nothing else', () => {
    const expected =
      /^(package\.json|README\.md|dist\/package\.json|dist\/(parts\/[\w-]+|[a-z]+)\.js(\.map)?|dist\/[\w/.-]+\.d\.ts)$/;
    expect(files.filter((file) => !expected.test(file))).toEqual([]);
    expect(files.filter((file) => /spec|fixture|test/.test(file))).toEqual([]);
    for (const file of ['index.js', 'index.js.map', 'index.d.ts', 'browser.js', 'browser.js.map', 'millrace.js'])
      expect(files).toContain(`dist/${file}`);
    expect(files).toContain('README.md');
    expect(size).toBeLessThan(1_000_000);
  });

  it('depends on nothing', async () => {
    const manifest = JSON.parse(await readFile(join(folder, 'node_modules/@millrace/sdk/package.json'), 'utf8'));
    for (const name of ['dependencies', 'peerDependencies', 'optionalDependencies'])
      expect(manifest[name]).toBeUndefined();
    const { stdout } = await run('npm', ['ls', '--all', '--parseable'], { cwd: folder });
    expect(stdout.trim().split('\n')).toHaveLength(2);
  });

  it.each(runtimes)('is imported and works in %s', async (_which, runtime) => {
    await writeFile(
      join(folder, 'consumer.js'),
      `import * as sdk from '@millrace/sdk';
       const vector = ${JSON.stringify(VECTOR)};
       const sync = sdk.verifyWebhook(vector);
       const async = await sdk.verifyWebhookAsync(vector);
       const gaps = new sdk.GapDetector();
       await gaps.record('ep_1', { sequence: 2 });
       const client = new sdk.Millrace({ url: 'http://127.0.0.1:1', apiKey: 'mr_x', maxRetries: 0 });
       const error = await client.endpoints.get('ep_1').catch((error) => error);
       console.log(JSON.stringify({
         sync, async, names: Object.keys(sdk).sort(), missing: await gaps.missing('ep_1'),
         error: [error.name, error instanceof sdk.MillraceNetworkError],
       }));`,
    );
    const { stdout } = await node(runtime, 'consumer.js');
    const found = JSON.parse(stdout);
    expect(found.sync).toEqual({ valid: true, id: VECTOR.headers['webhook-id'], timestamp: 1_614_265_330 });
    expect(found.async).toEqual(found.sync);
    expect(found.missing).toMatchObject([{ from: 1, to: 1 }]);
    expect(found.error).toEqual(['MillraceNetworkError', true]);
    expect(found.names).toEqual([
      'CONTRACT_NAMES',
      'GapDetector',
      'MemoryGapStore',
      'Millrace',
      'MillraceAnswerError',
      'MillraceApiError',
      'MillraceError',
      'MillraceNetworkError',
      'MillraceTimeoutError',
      'Pages',
      'WebhookVerificationError',
      'afterDelivery',
      'emptyGapState',
      'expressWebhook',
      'fastifyWebhook',
      'gapsOf',
      'sequenceOf',
      'verifyWebhook',
      'verifyWebhookAsync',
      'webWebhook',
    ]);
  });

  it.each(runtimes)('has the command millrace, in %s', async (_which, runtime) => {
    const command = join(folder, 'node_modules/.bin/millrace');
    const { version } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8'));
    expect((await node(runtime, command, '--version')).stdout).toBe(`${version}\n`);
    await expect(node(runtime, command, 'endpoints', 'list')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('millrace login'),
    });
    expect((await run(command, ['--help'])).stdout).toContain('millrace <command>');
  });

  it('leads from an error back to its source', async () => {
    await writeFile(
      join(folder, 'failing.js'),
      `import { verifyWebhook } from '@millrace/sdk';
       try { verifyWebhook({ body: '', headers: {}, secret: 'whsec_AAAA' }); } catch (error) { console.log(error.stack); }`,
    );
    const { stdout } = await node(process.execPath, '--enable-source-maps', 'failing.js');
    expect(stdout).toMatch(/src\/verify\/verify-webhook\.ts:\d+/);
  });

  describe('its types', () => {
    const check = async (source: string, options: object) => {
      await writeFile(join(folder, 'consumer.ts'), source);
      const compilerOptions = {
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
        target: 'es2022',
        types: [],
        ...options,
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
      const compiler = join(ROOT, 'node_modules/typescript-7/bin/tsc');
      return run(process.execPath, [compiler, '-p', folder], { cwd: folder }).then(
        () => '',
        (failed: { stdout: string }) => failed.stdout,
      );
    };
    const SOURCE = `
      import { Millrace, MillraceApiError, expressWebhook, webWebhook, verifyWebhookAsync, type Endpoint } from '@millrace/sdk';
      const millrace = new Millrace({ url: 'https://a.example', apiKey: 'mr_x', fetch });
      export const use = async (): Promise<Endpoint | null> => {
        for await (const endpoint of millrace.endpoints.list({ limit: 5 })) {
          const status: 'active' | 'paused' | 'down' | 'disabled' = endpoint.status;
          if (status === 'down') await millrace.endpoints.activate(endpoint.id, { signal: AbortSignal.timeout(5) });
        }
        try {
          return await millrace.endpoints.create({ url: 'https://b.example', eventTypes: ['*'], filter: { a: { $gt: 1 } } });
        } catch (error) {
          if (error instanceof MillraceApiError && error.code === 'destination_not_allowed') return null;
          throw error;
        }
      };
      export const express = expressWebhook({ contract: 'eclips', secret: 's' }, (event) => { event.run_id?.toUpperCase(); });
      export const web: (request: Request) => Promise<Response> = webWebhook({ secret: 's' }, (event, { sequence }) => {
        const id: string = event.id;
        return sequence === 7 && id ? { status: 410 } : undefined;
      });
      export const id: Promise<string> = verifyWebhookAsync({ body: '', headers: new Headers(), secret: 's' }).then((v) => v.id);
    `;

    it('serve a consumer in Node', async () => {
      await symlink(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types')).catch(() => {});
      await symlink(join(ROOT, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types')).catch(() => {});
      expect(await check(SOURCE, { module: 'nodenext', lib: ['es2022'], types: ['node'] })).toBe('');
    });

    it('serve a consumer in a browser, without the types of Node', async () => {
      const options = {
        module: 'esnext',
        moduleResolution: 'bundler',
        lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
      };
      expect(await check(SOURCE, options)).toBe('');
    });

    it('find what is wrong', async () => {
      const wrong = `
        import { Millrace, webWebhook } from '@millrace/sdk';
        const millrace = new Millrace({ url: 'https://a.example', apiKey: 'mr_x' });
        millrace.endpoints.create({ url: 'https://b.example' });
        millrace.deliveries.list({ status: 'lost' });
        webWebhook({ contract: 'mes' }, () => {});
        webWebhook({ contract: 'mes', secret: 's' }, (event) => { event.run_id; });
      `;
      const said = await check(wrong, { module: 'nodenext', lib: ['es2022', 'dom'] });
      expect(said.match(/consumer\.ts\(\d+/g)?.map((place) => Number(place.slice(12)))).toEqual([4, 5, 6, 7]);
    });
  });

  describe('in a browser', () => {
    const bundle = async (source: string) => {
      await writeFile(join(folder, 'page.js'), source);
      const { outputFiles } = await build({
        absWorkingDir: folder,
        entryPoints: ['page.js'],
        bundle: true,
        format: 'esm',
        platform: 'browser',
        write: false,
        logLevel: 'silent',
      });
      return outputFiles[0]?.text as string;
    };
    const PAGE = `
      import * as sdk from '@millrace/sdk';
      const vector = ${JSON.stringify(VECTOR)};
      window.check = async () => {
        const millrace = new sdk.Millrace({ url: location.href, apiKey: 'mr_x' });
        const found = [];
        for await (const endpoint of millrace.endpoints.list()) found.push(endpoint.id);
        const changed = await sdk.verifyWebhookAsync({ ...vector, body: 'x' }).catch((error) => error.code);
        const answer = await sdk.webWebhook({ secret: vector.secret, now: () => vector.now }, (event) => { found.push(event.test); })(
          new Request('/hook', { method: 'POST', body: vector.body, headers: vector.headers }),
        );
        const created = await millrace.events.publish({ type: 'a.b', data: 1 });
        return { found, changed, status: answer.status, created, verified: await sdk.verifyWebhookAsync(vector), sync: typeof sdk.verifyWebhook };
      };`;

    it('it bundles without anything of Node, and runs', async () => {
      const script = await bundle(PAGE);
      expect(/["']node:|require\(|\bBuffer\.|\bprocess\./.exec(script)).toBeNull();
      const keys: (string | undefined)[] = [];
      const server = createServer((request, response) => {
        const answers: { readonly [path: string]: [string, string] } = {
          '/': ['text/html', '<script type="module" src="/page.js"></script>'],
          '/page.js': ['text/javascript', script],
          '/v1/endpoints': ['application/json', '{"data":[{"id":"ep_1"}],"nextCursor":null}'],
          '/v1/events': ['application/json', '{"events":[{"id":"evt_1"}]}'],
        };
        if (request.url === '/v1/events') keys.push(request.headers['idempotency-key'] as string | undefined);
        const [type, body] = answers[request.url as string] ?? ['text/plain', ''];
        response.writeHead(200, { 'content-type': type }).end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const browser = await startBrowser();
      try {
        const page = await browser.newPage();
        await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
        await page.waitForFunction('window.check !== undefined');
        expect(await page.evaluate('window.check()')).toEqual({
          found: ['ep_1', 2432232314],
          changed: 'no_matching_signature',
          status: 200,
          created: { events: [{ id: 'evt_1' }] },
          verified: { valid: true, id: VECTOR.headers['webhook-id'], timestamp: 1_614_265_330 },
          sync: 'undefined',
        });
        expect(keys).toEqual([expect.stringMatching(/^sdk_[0-9a-f]{32}$/)]);
      } finally {
        await browser.close();
        server.closeAllConnections();
        server.close();
      }
    });

    it('a bundler says that verifyWebhook is not for it', async () => {
      const source = "import { verifyWebhook } from '@millrace/sdk'; verifyWebhook({});";
      await expect(bundle(source)).rejects.toThrow('No matching export');
    });
  });
});
