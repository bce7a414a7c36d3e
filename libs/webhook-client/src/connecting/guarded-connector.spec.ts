import { createServer } from 'node:net';
import type { Outcome } from '@millrace/domain';
import { laterThanTimer } from '@millrace/test-environment';
import { selfSigned } from '../../test/certificate';
import { answering, RawServer } from '../../test/raw-server';
import { WebhookClient, type WebhookClientOptions } from '../sending/webhook-client';
import type { ResolvedAddress } from './name-resolver';

/** Rows 31 to 36 of the battery of bad input: names that lie, name servers that fail, certificates that do not fit. */
describe('the way to a receiver', () => {
  const NAME = 'hooks.example.com';
  const made = selfSigned({ names: [NAME] });
  const opened: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    for (const thing of opened.splice(0).reverse()) await thing.close();
  });

  const receiver = async (certificate = made, tls = {}): Promise<RawServer> => {
    const server = await RawServer.start(answering('HTTP/1.1 204 No Content\r\n\r\n'), { ...certificate, ...tls });
    opened.push(server);
    return server;
  };

  /** A client as in production, for which `127.0.0.1` on the receiver's port stands for the one good address. */
  const production = (port: number, options: Partial<WebhookClientOptions>): WebhookClient => {
    const client = new WebhookClient({
      insecure: 'deny',
      allowedDestinations: [{ cidr: '127.0.0.1/32', port }],
      trustedCertificates: [made.cert],
      ...options,
    });
    opened.push(client);
    return client;
  };

  const post = (client: WebhookClient, url: string, timeoutMs = 5_000): Promise<Outcome> =>
    client.send({ url, headers: [], body: Buffer.from('{}'), timeoutMs });

  const answers = (...addresses: string[]): ResolvedAddress[] =>
    addresses.map((address) => ({ address, ttlSeconds: 0 }));
  const resolving = (...sets: ResolvedAddress[][]) => {
    const asked: string[] = [];
    return {
      asked,
      resolve: async (hostname: string) => {
        asked.push(hostname);
        return sets[Math.min(asked.length, sets.length) - 1]!;
      },
    };
  };

  it('reaches a name at an allowed address, with the name in the certificate check and in the host header', async () => {
    const server = await receiver();
    const resolver = resolving(answers('127.0.0.1'));
    const outcome = await post(production(server.port, { resolver }), server.url('/hook', NAME));
    expect(outcome).toMatchObject({ kind: 'response', status: 204 });
    expect(server.requests[0]).toContain(`host: ${NAME}:${server.port}\r\n`);
    expect(resolver.asked).toEqual([NAME]);
  });

  it.each([
    ['a private address', ['10.0.0.5']],
    ['another loopback address', ['127.0.0.2']],
    ['a metadata address', ['169.254.169.254']],
    ['a mapped private address', ['::ffff:10.0.0.5']],
    ['a good and a bad address', ['127.0.0.1', '127.0.0.2']],
    ['a bad and a good address', ['127.0.0.2', '127.0.0.1']],
    ['a good address and a bad one of IPv6', ['127.0.0.1', '::1']],
    ['something that is no address', ['127.0.0.1', 'localhost']],
  ])('sends nothing to a name that resolves to %s', async (_what, addresses) => {
    const server = await receiver();
    const blocked: { host: string; address: string; reason: string }[] = [];
    const client = production(server.port, {
      resolver: resolving(answers(...addresses)),
      onBlocked: (refusal) => blocked.push(refusal),
    });
    const outcome = await post(client, server.url('/hook', NAME));

    expect(outcome).toMatchObject({
      kind: 'failure',
      failure: 'blocked_destination',
      message: 'Destination not allowed.',
    });
    expect(server.connections).toBe(0);
    expect(blocked).toEqual([{ host: NAME, address: expect.any(String), reason: expect.any(String) }]);
  });

  it('looks a name up once for a connection, so an answer that changes between check and use changes nothing', async () => {
    const server = await receiver();
    const resolver = resolving(answers('127.0.0.1'), answers('127.0.0.2'));
    const client = production(server.port, { resolver });
    expect(await post(client, server.url('/', NAME))).toMatchObject({ status: 204 });
    expect(resolver.asked).toHaveLength(1);

    for (const socket of [1, 2]) await post(client, server.url(`/${socket}`, NAME));
    await server.close();
    opened.splice(opened.indexOf(server), 1);
    const again = await RawServer.start(answering('HTTP/1.1 204 No Content\r\n\r\n'), made);
    opened.push(again);
    // New connections ask anew; the name has moved to a refused address by now.
    const elsewhere = production(again.port, { resolver });
    expect(await post(elsewhere, again.url('/', NAME))).toMatchObject({ failure: 'blocked_destination' });
    expect(again.connections).toBe(0);
  });

  it.each([
    ['fails', async () => Promise.reject(new Error('SERVFAIL 10.0.0.1'))],
    ['has no address', async () => []],
    ['never answers', () => new Promise<never>(() => {})],
  ])('reports a name whose lookup %s as dns, without the reason', async (_what, resolve) => {
    const client = production(443, { resolver: { resolve }, connectTimeoutMs: 300 });
    expect(await post(client, `https://${NAME}/`)).toMatchObject({
      kind: 'failure',
      failure: 'dns',
      message: 'The host name could not be resolved.',
    });
  });

  it('ends a slow lookup at the deadline of the request', async () => {
    const client = production(443, { resolver: { resolve: () => new Promise<never>(() => {}) } });
    const { result, laterMs } = await laterThanTimer(200, () => post(client, `https://${NAME}/`, 200));
    expect(result).toMatchObject({ failure: 'timeout' });
    expect(laterMs).toBeLessThan(250);
  });

  it('does not let one slow name hold up another', async () => {
    const server = await receiver();
    let giveUp = (): void => {};
    const answered = new Promise<never>((_, reject) => {
      giveUp = () => reject(new Error('no such name'));
    });
    answered.catch(() => {});
    const resolver = {
      resolve: (hostname: string) => (hostname === NAME ? Promise.resolve(answers('127.0.0.1')) : answered),
    };
    const client = production(server.port, { resolver });
    let ended = 0;
    const slow = Array.from({ length: 50 }, (_, index) =>
      post(client, `https://slow-${index}.example.com/`, 20_000).finally(() => ended++),
    );
    expect(await post(client, server.url('/', NAME))).toMatchObject({ status: 204 });
    expect(ended).toBe(0);
    giveUp();
    expect((await Promise.all(slow)).every((outcome) => outcome.kind === 'failure')).toBe(true);
  });

  it('reports a host that takes no connections in time as a timeout', async () => {
    const full = await RawServer.start(null);
    opened.push(full);
    // A TLS client against a server that says nothing: TCP stands, the handshake never ends.
    const client = production(full.port, { resolver: resolving(answers('127.0.0.1')), connectTimeoutMs: 300 });
    const { result, laterMs } = await laterThanTimer(300, () => post(client, `https://${NAME}:${full.port}/`));
    expect(result).toMatchObject({ failure: 'timeout' });
    expect(laterMs).toBeLessThan(1_000);
    await full.allClosed();
  });

  const day = 86_400_000;
  it.each([
    ['self-signed', selfSigned({ names: [NAME] }), false, 'The certificate is self-signed.'],
    [
      'expired',
      selfSigned({ names: [NAME], notAfter: new Date(Date.now() - day) }),
      true,
      'The certificate has expired.',
    ],
    [
      'not yet valid',
      selfSigned({ names: [NAME], notBefore: new Date(Date.now() + day) }),
      true,
      'The certificate is not yet valid.',
    ],
    [
      'for another host',
      selfSigned({ names: ['other.example.com'] }),
      true,
      'The certificate is for another host name.',
    ],
  ])('reports a certificate that is %s as tls', async (_what, certificate, trusted, message) => {
    const server = await receiver(certificate);
    const client = production(server.port, {
      resolver: resolving(answers('127.0.0.1')),
      ...(trusted ? { trustedCertificates: [certificate.cert] } : {}),
    });
    expect(await post(client, server.url('/', NAME))).toMatchObject({ kind: 'failure', failure: 'tls', message });
    expect(server.requests).toEqual([]);
  });

  it('reports TLS 1.1 as tls', async () => {
    const old = await receiver(made, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' });
    const client = production(old.port, { resolver: resolving(answers('127.0.0.1')) });
    expect(await post(client, old.url('/', NAME))).toMatchObject({ failure: 'tls' });
  });

  it('reports plain HTTP on the TLS port as tls', async () => {
    const plain = createServer((socket) =>
      socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => plain.once('listening', resolve));
    const { port } = plain.address() as { port: number };
    const client = production(port, { resolver: resolving(answers('127.0.0.1')) });
    expect(await post(client, `https://${NAME}:${port}/`)).toMatchObject({ failure: 'tls' });
    plain.close();
  });

  it('is asked for nothing when the address stands in the URL', async () => {
    const resolver = resolving(answers('127.0.0.1'));
    const client = new WebhookClient({ insecure: 'allow', resolver });
    opened.push(client);
    const server = await RawServer.start(answering('HTTP/1.1 204 No Content\r\n\r\n'));
    opened.push(server);
    expect(await post(client, server.url())).toMatchObject({ status: 204 });
    expect(await post(client, 'http://169.254.169.254/latest')).toMatchObject({ failure: 'blocked_destination' });
    expect(resolver.asked).toEqual([]);
  });

  it('finds localhost without a name server where insecure endpoints are allowed', async () => {
    const client = new WebhookClient({ insecure: 'allow' });
    opened.push(client);
    const server = await RawServer.start(answering('HTTP/1.1 204 No Content\r\n\r\n'));
    opened.push(server);
    expect(await post(client, server.url('/', 'localhost'))).toMatchObject({ status: 204 });
  });

  it('refuses a name that resolves to a metadata address also where insecure endpoints are allowed', async () => {
    const client = new WebhookClient({ insecure: 'allow', resolver: resolving(answers('169.254.169.254')) });
    opened.push(client);
    expect(await post(client, 'http://nice.example.com/')).toMatchObject({ failure: 'blocked_destination' });
  });
});
