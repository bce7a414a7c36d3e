import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@millrace/telemetry';
import { crypto_utils } from 'node-opcua-client';
import { OpcuaServerProcess } from './opcua-server.fixture';
import { opcuaSettings, SECURITY_POLICIES } from './opcua-settings';
import { opcuaSourceKind } from './opcua-source-kind';
import { ownCertificate } from './own-certificate';
import { ReadServer } from './read-server.fixture';

const folder = mkdtempSync(join(tmpdir(), 'opcua-'));
const server = new OpcuaServerProcess(join(folder, 'pki'), { anonymous: false, allPolicies: true });
/** Its own certificate is out of date, and it takes no user whose certificate nobody has trusted. */
const strict = new OpcuaServerProcess(join(folder, 'strict'), { anonymous: false, expired: true, waryOfUsers: true });
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as unknown as Logger;
const DAY_MS = 86_400_000;

jest.setTimeout(60_000);
beforeAll(() => Promise.all([server.start(), strict.start()]));
afterAll(async () => {
  await Promise.all([server.kill(), strict.kill()]);
  rmSync(folder, { recursive: true, force: true });
});

const operator = { username: 'operator', password: 'right' };
const secure = {
  securityMode: 'SignAndEncrypt',
  securityPolicy: 'Basic256Sha256',
  serverCertificate: { trust: 'first-use' },
};
const count = { nodes: [{ nodeId: 'ns=1;s=Count', path: 'count' }] };

const tryIt = (change: object, of = server, own = join(folder, 'own')) =>
  opcuaSourceKind.tryOnce(
    opcuaSettings.parse({ endpointUrl: of.endpointUrl, machine: 'press-01', user: operator, ...count, ...change }),
    { signal: AbortSignal.timeout(15_000), logger, folder: own },
  );
/** A certificate of a user with its key, both as PEM; good for a year from then on. */
const makeUser = async (from = Date.now() - DAY_MS) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const { cert } = await crypto_utils.createSelfSignedCertificate({
    privateKey: await crypto_utils.pemToPrivateKey(key),
    subject: '/CN=operator',
    notBefore: new Date(from),
    validity: 365,
    purpose: crypto_utils.CertificatePurpose.ForUserAuthentication,
  });
  return { certificate: cert, key, privateKey };
};
const refusal = (code: string, path: string, says: RegExp) => ({
  name: 'SourceProblem',
  code,
  path,
  message: expect.stringMatching(says),
});

describe('a line to an OPC UA server', () => {
  it.each(
    SECURITY_POLICIES.filter((policy) => policy !== 'None').flatMap((policy) => [
      [policy, 'Sign'],
      [policy, 'SignAndEncrypt'],
    ]),
  )('is secured by %s with %s, and carries user and values', async (securityPolicy, securityMode) => {
    const line = { ...secure, securityPolicy, securityMode };
    expect((await tryIt(line)).summary).toContain(`${securityPolicy} with ${securityMode}, user "operator"`);
    const read = new ReadServer(server, join(folder, 'own'));
    read.open({ ...line, user: operator, ...count });
    try {
      await read.comes('count', { quality: 'good', flags: ['snapshot'] });
    } finally {
      await read.close();
    }
    await expect(tryIt({ ...line, user: { ...operator, password: 'wrong' } })).rejects.toMatchObject(
      refusal('unauthorized', 'user', /username "operator" and its password/),
    );
  });

  it('is not opened to a server that nobody has trusted, or that shows another certificate', async () => {
    await expect(tryIt({ ...secure, serverCertificate: null })).rejects.toMatchObject(
      refusal('certificate', 'serverCertificate', /that nobody has trusted yet: SHA-256 [0-9A-F]{64}/),
    );
    const other = (await ownCertificate(join(folder, 'own'), Date.now())).pem;
    await expect(tryIt({ ...secure, serverCertificate: { pem: other } })).rejects.toMatchObject(
      refusal('certificate', 'serverCertificate', /another certificate than the one named/),
    );
  });

  it('is opened to a server that is named, and out of date as machines are', async () => {
    const shown = await tryIt({ ...secure, serverCertificate: null }, strict).catch((error: Error) => error.message);
    expect(shown).toMatch(/valid until 2020-12-31/);
    const thumbprint = /SHA-256 ([0-9A-F]{64})/.exec(String(shown))?.[1];
    const { summary } = await tryIt({ ...secure, serverCertificate: { thumbprint } }, strict);
    expect(summary).toContain('user "operator"');
  });
});

describe('a user with a certificate', () => {
  it('is let in where it is trusted, with and without a secured line', async () => {
    const { certificate, key } = await makeUser();
    const user = { certificate, key };
    expect((await tryIt({ ...secure, user })).summary).toContain('user by certificate');
    const open = { securityMode: 'None', securityPolicy: 'None' };
    expect((await tryIt({ ...open, user })).summary).toContain('user by certificate');
    const read = new ReadServer(server, join(folder, 'own'));
    read.open({ ...secure, user, ...count });
    try {
      await read.comes('count', { quality: 'good' });
      await server.order({ do: 'break-connections' });
      await server.order({ do: 'say', values: [3] });
      await read.comes('count', { value: 3 });
    } finally {
      await read.close();
    }
    expect(read.words()).toEqual(['connected', 'disconnected', 'connected']);
  });

  it('is told what is wrong with it', async () => {
    const { certificate, privateKey } = await makeUser();
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await expect(tryIt({ ...secure, user: { certificate, key } }, strict)).rejects.toMatchObject(
      refusal('unauthorized', 'user', /the server trusts the user's certificate/),
    );
    const old = await makeUser(Date.now() - 800 * DAY_MS);
    await expect(
      tryIt({ ...secure, user: { certificate: old.certificate, key: old.key } }, strict),
    ).rejects.toMatchObject(refusal('unauthorized', 'user', /user's certificate ran out on 20\d\d-\d\d-\d\d/));
    await expect(tryIt({ ...secure, user: { certificate, key: old.key } })).rejects.toMatchObject(
      refusal('invalid_settings', 'user.key', /does not belong to user\.certificate/),
    );
    const sealed = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    await expect(tryIt({ ...secure, user: { certificate, key: sealed } })).rejects.toMatchObject(
      refusal('invalid_settings', 'user.key', /encrypted/),
    );
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    await expect(tryIt({ ...secure, user: { certificate: broken, key } })).rejects.toMatchObject(
      refusal('invalid_settings', 'user.certificate', /cannot be read/),
    );
  });
});
