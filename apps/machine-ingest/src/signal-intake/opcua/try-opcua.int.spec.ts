import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import { MemorySink, openOn } from '../source-conformance.fixture';
import { OpcuaServerProcess } from './opcua-server.fixture';
import { opcuaSettings } from './opcua-settings';
import { opcuaSourceKind } from './opcua-source-kind';
import { ownCertificate } from './own-certificate';

const folder = mkdtempSync(join(tmpdir(), 'opcua-'));
const server = new OpcuaServerProcess(join(folder, 'pki'), { anonymous: false });
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as unknown as Logger;

jest.setTimeout(30_000);
beforeAll(() => server.start());
afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

const operator = { username: 'operator', password: 'right' };
const settings = (change: object) =>
  opcuaSettings.parse({
    endpointUrl: server.endpointUrl,
    securityMode: 'None',
    securityPolicy: 'None',
    user: operator,
    machine: 'press-01',
    nodes: [{ nodeId: 'ns=1;s=Count', path: 'count' }],
    publishingIntervalMs: 50,
    ...change,
  });
const secure = { securityMode: 'SignAndEncrypt', securityPolicy: 'Basic256Sha256' };
const tryIt = (change: object) =>
  opcuaSourceKind.tryOnce(settings(change), {
    signal: AbortSignal.timeout(10_000),
    logger,
    folder: join(folder, 'own'),
  });

describe('trying an OPC UA source', () => {
  it('shows what is there', async () => {
    const tried = await tryIt({ nodes: [], browse: [{ root: 'ns=1;s=Press', depth: 1 }] });
    expect(tried.summary).toMatch(
      /^Press simulator 1\.0 by Test; no security, user "operator"; \d+ nodes, \d+ with a good value$/,
    );
    expect(tried.seen).toContainEqual({ machine: 'press-01', path: 'Length', value: 12.5, unit: 'mm' });
  });

  it.each<[string, object, string, RegExp]>([
    [
      'nobody listens',
      { endpointUrl: 'opc.tcp://127.0.0.1:1' },
      'unreachable',
      /Nothing answers at opc\.tcp:\/\/127\.0\.0\.1:1/,
    ],
    ['the host is not known', { endpointUrl: 'opc.tcp://nowhere.invalid:4840' }, 'unreachable', /not known here/],
    [
      'the policy is not offered',
      { securityMode: 'Sign', securityPolicy: 'Aes256_Sha256_RsaPss', serverCertificate: { trust: 'first-use' } },
      'not_offered',
      /It offers: None with None; Basic256Sha256 with Sign; Basic256Sha256 with SignAndEncrypt/,
    ],
    ['the password is wrong', { user: { ...operator, password: 'wrong' } }, 'unauthorized', /username "operator"/],
    ['there are no anonymous users', { user: 'anonymous' }, 'unauthorized', /It takes: .*UserName/],
    ['nobody trusts the certificate', secure, 'certificate', /SHA-256 [0-9A-F]{64}.*"thumbprint"/s],
    [
      'the certificate is another one',
      { ...secure, serverCertificate: { thumbprint: 'ab'.repeat(32) } },
      'certificate',
      /names SHA-256 (AB){32}/,
    ],
    [
      'a node is not known',
      { nodes: [{ nodeId: 'ns=1;s=Count' }, { nodeId: 'ns=1;s=Nope' }, { nodeId: 'nsu=urn:none;s=Count' }] },
      'not_found',
      /2 of the 3 nodes: "ns=1;s=Nope", "nsu=urn:none;s=Count"/,
    ],
    ['a root is not known', { browse: [{ root: 'ns=1;s=Nope' }] }, 'not_found', /"ns=1;s=Nope", below which/],
    ['a notifier tells of nothing', { events: [{ notifier: 'ns=1;s=Items' }] }, 'not_found', /tells of no events/],
  ])('says in words that %s', async (_, change, code, says) => {
    await expect(tryIt(change)).rejects.toMatchObject({
      name: 'SourceProblem',
      code,
      message: expect.stringMatching(says),
    });
  });

  it('says of a port that speaks another language so', async () => {
    const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { port } = web.address() as { port: number };
    await expect(tryIt({ endpointUrl: `opc.tcp://127.0.0.1:${port}` })).rejects.toMatchObject({
      code: 'not_this_protocol',
    });
    web.close();
  });

  it('leaves no session behind', async () => {
    for (let times = 0; times < 3; times++) await tryIt({});
    const { summary } = await tryIt({ nodes: [{ nodeId: 'i=2277', path: 'sessions' }] });
    expect(summary).toContain('1 with a good value');
    const { seen } = await tryIt({ nodes: [{ nodeId: 'i=2277', path: 'sessions' }] });
    expect(Number(seen[0]?.value)).toBe(1);
  });
});

describe('a secured OPC UA source', () => {
  it('signs and encrypts, trusts at first use, and remembers whom', async () => {
    const firstUse = { ...secure, serverCertificate: { trust: 'first-use' } };
    const { summary } = await tryIt(firstUse);
    const thumbprint = /SHA-256 ([0-9A-F]{64})/.exec(summary)?.[1];
    expect(summary).toMatch(/Basic256Sha256 with SignAndEncrypt, user "operator".*seen for the first time/);

    const sink = new MemorySink();
    const source = openOn(opcuaSourceKind, settings(firstUse), sink, join(folder, 'own'));
    await eventually(() => sink.cursor !== null, 'the certificate to be remembered', 10_000);
    expect(sink.cursor).toMatchObject({ trusted: thumbprint });
    await eventually(() => sink.distinct('count').length > 0, 'a value', 10_000);
    await source.stop();

    sink.cursor = { ...sink.cursor, trusted: '0'.repeat(64) };
    const wary = openOn(opcuaSourceKind, settings(firstUse), sink, join(folder, 'own'));
    await eventually(() => wary.health().lastError !== null, 'the other certificate to be noticed', 10_000);
    expect(wary.health().lastError?.detail).toMatch(/another certificate than at first use/);
    await wary.stop();

    const pinned = { ...secure, serverCertificate: { thumbprint } };
    expect((await tryIt(pinned)).summary).not.toContain('first time');
  });

  it('says what to do where the server does not trust Millrace', async () => {
    const wary = new OpcuaServerProcess(join(folder, 'wary'), { secureOnly: true, wary: true });
    await wary.start();
    const tried = tryIt({ ...secure, endpointUrl: wary.endpointUrl, serverCertificate: { trust: 'first-use' } });
    await expect(tried).rejects.toMatchObject({
      code: 'certificate',
      message: expect.stringMatching(/does not take Millrace's own certificate.*SHA-256 [0-9A-F]{64}/),
    });
    const old = join(folder, 'old');
    expect((await ownCertificate(old, Date.now() - 11 * 365 * 86_400_000)).validTo).toBeLessThan(Date.now());
    await expect(
      opcuaSourceKind.tryOnce(
        settings({ ...secure, endpointUrl: wary.endpointUrl, serverCertificate: { trust: 'first-use' } }),
        { signal: AbortSignal.timeout(10_000), logger, folder: old },
      ),
    ).rejects.toMatchObject({
      code: 'certificate',
      message: expect.stringMatching(/which ran out on 20\d\d-\d\d-\d\d\. Take away opcua-own-certificate\.pem/),
    });
    await wary.kill();
  });

  it('goes on after a broken connection in the same session', async () => {
    const sink = new MemorySink();
    const source = openOn(
      opcuaSourceKind,
      settings({
        ...secure,
        serverCertificate: { trust: 'first-use' },
        nodes: [{ nodeId: 'ns=1;s=Count', path: 'count', samplingMs: 0 }],
      }),
      sink,
      join(folder, 'own'),
    );
    await eventually(() => sink.distinct('count').length > 0, 'a value', 10_000);
    await server.order({ do: 'break-connections' });
    await server.order({ do: 'say', values: [21, 22] });
    await eventually(() => sink.distinct('count').at(-1)?.value === 22, 'the values of the break', 10_000);
    expect(new Set(sink.distinct('count').map(({ session }) => session)).size).toBe(1);
    await source.stop();
  });
});
