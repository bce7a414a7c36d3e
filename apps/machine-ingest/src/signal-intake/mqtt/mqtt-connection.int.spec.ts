import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@millrace/telemetry';
import { eventually, MosquittoBroker } from '@millrace/test-environment';
import { connectAsync } from 'mqtt';
import { MemorySink, openOn } from '../source-conformance.fixture';
import type { OpenSource } from '../source-kind';
import { clientIdOf } from './client-id';
import { mqttSourceKind } from './mqtt.source-kind';
import { mqttSettings } from './mqtt-settings';

const topics = [{ filter: 'plant/m-1/#', machine: 'm-1', seq: 'n' }];
const settingsOf = (url: string, more: object = {}) =>
  mqttSettings.parse({ url, topics, keepaliveSeconds: 1, ...more });

const brokers: MosquittoBroker[] = [];
const sources: OpenSource[] = [];
const sinks: MemorySink[] = [];
const startBroker = async (...options: Parameters<typeof MosquittoBroker.start>): Promise<MosquittoBroker> => {
  const broker = await MosquittoBroker.start(...options);
  brokers.push(broker);
  return broker;
};
const open = async (settings: ReturnType<typeof settingsOf>, sink = new MemorySink()) => {
  const source = openOn(mqttSourceKind, settings, sink, '');
  sources.push(source);
  sinks.push(sink);
  await eventually(() => source.health().connection.state === 'connected', 'the source to be connected');
  return { source, sink };
};
afterEach(async () => {
  for (const sink of sinks.splice(0)) sink.recover();
  for (const source of sources.splice(0)) await source.stop();
  for (const broker of brokers.splice(0)) await broker.remove();
});

const publish = async (url: string, from: number, to: number, qos: 0 | 1 = 1): Promise<void> => {
  const machine = await connectAsync(url, { reconnectPeriod: 0 });
  const sent: Promise<unknown>[] = [];
  for (let n = from; n < to; n++) {
    sent.push(machine.publishAsync('plant/m-1/data', JSON.stringify({ v: n, n }), { qos }));
    if (sent.length === 500) await Promise.all(sent.splice(0));
  }
  await Promise.all(sent);
  await machine.endAsync();
};
/** Messages that the broker has given us, whatever became of them. */
const arrived = (source: OpenSource) => source.health().counts['messages']! + source.health().queued;
const numbers = (sink: MemorySink) => sink.distinct('v').map(({ value }) => Number(value));
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Check 13 of docs/sources/mqtt.md's promise; `MILLRACE_SOAK` has the long form. */
const MESSAGES = process.env['MILLRACE_SOAK'] ? 20_000 : 3_000;

describe('while Kafka is away', () => {
  it.each([4, 5])(
    `MQTT version %i: ${MESSAGES} messages wait in the broker, and none is lost`,
    async (protocolVersion) => {
      const broker = await startBroker();
      const { source, sink } = await open(settingsOf(broker.url, { protocolVersion, inFlight: 100 }));
      await publish(broker.url, 0, 1);
      await eventually(() => numbers(sink).length === 1, 'the first message');
      sink.fail();
      await publish(broker.url, 1, MESSAGES);
      // The broker sends no more than may be in flight, so our memory does not grow with what waits.
      expect(source.health().queued).toBeLessThanOrEqual(100);
      expect(sink.appended.filter(({ path }) => path === 'v')).toHaveLength(1);
      sink.recover();
      await eventually(() => numbers(sink).length === MESSAGES, 'all messages', 60_000);
      expect(numbers(sink)).toEqual(upTo(MESSAGES));
      expect(source.health().connection.state).toBe('connected');
    },
    120_000,
  );

  it('a broker with a limit drops what is above it: why the limit is a part of the configuration', async () => {
    const broker = await startBroker({ lines: ['max_queued_messages 50'] });
    const { sink } = await open(settingsOf(broker.url, { inFlight: 10 }));
    sink.fail();
    await publish(broker.url, 0, 500);
    sink.recover();
    await publish(broker.url, 500, 501);
    await eventually(() => numbers(sink).includes(500), 'the last message');
    expect(numbers(sink).length).toBeLessThan(300);
  });

  it('nothing is acknowledged that is not stored: a successor gets it', async () => {
    const broker = await startBroker();
    const first = await open(settingsOf(broker.url));
    await publish(broker.url, 0, 5);
    await eventually(() => numbers(first.sink).length === 5, 'the first messages');
    first.sink.fail();
    await publish(broker.url, 5, 10);
    await eventually(() => arrived(first.source) === 10, 'the rest to arrive');
    await sources.pop()!.stop();
    const second = await open(
      settingsOf(broker.url),
      first.sink.cursor === null ? new MemorySink() : withCursor(first.sink),
    );
    await eventually(() => numbers(second.sink).length === 5, 'what was not stored');
    expect(numbers(second.sink)).toEqual([5, 6, 7, 8, 9]);
    expect(second.sink.distinct('v')[0]!.session).toBe(first.sink.distinct('v')[0]!.session);
  });

  it('a message that is sent again on a new connection, and waits here already, is stored once', async () => {
    const broker = await startBroker({
      lines: ['persistence true', 'autosave_on_changes true', 'autosave_interval 1'],
    });
    const { source, sink } = await open(settingsOf(broker.url));
    sink.fail();
    await publish(broker.url, 0, 5);
    await eventually(() => arrived(source) === 5, 'the messages to arrive');
    // The line is cut while they wait, and the broker sends them again.
    const other = await connectAsync(broker.url, {
      clientId: clientIdOf({}, 'default', 'under-test'),
      clean: false,
      reconnectPeriod: 0,
    });
    // It may be back at once.
    await eventually(() => source.health().lastError !== null, 'the cut');
    await other.endAsync(true);
    await eventually(() => source.health().connection.state === 'connected', 'the source to be connected again');
    expect(source.health().counts['reconnects']).toBe(1);
    sink.recover();
    await publish(broker.url, 5, 6);
    await eventually(() => numbers(sink).length === 6, 'all messages');
    expect(sink.appended.filter(({ path }) => path === 'v')).toHaveLength(6);
  });

  it('reads no more of a flood that the broker need not hold back, and stays connected', async () => {
    const broker = await startBroker();
    const { source, sink } = await open(settingsOf(broker.url));
    sink.fail();
    const flood = publish(broker.url, 0, 15_000, 0);
    await eventually(() => source.health().queued >= 10_000, 'the queue to be full', 30_000);
    await flood;
    const pinged = Date.now();
    await eventually(() => Date.now() - pinged > 3_000, 'more than the watch over the connection allows');
    expect(source.health()).toMatchObject({ connection: { state: 'connected' }, counts: { reconnects: 0 } });
    expect(source.health().queued).toBeLessThan(11_000);
    sink.recover();
    await publish(broker.url, 15_000, 15_001);
    await eventually(() => numbers(sink).includes(15_000), 'the last message', 30_000);
  });
});

const withCursor = ({ cursor }: MemorySink): MemorySink => {
  const sink = new MemorySink();
  sink.cursor = cursor;
  return sink;
};

it('a retained message is how things stand, and a session that the broker lost is told', async () => {
  const broker = await startBroker();
  const machine = await connectAsync(broker.url, { reconnectPeriod: 0 });
  await machine.publishAsync('plant/m-1/state', '"RUN"', { qos: 1, retain: true });
  const { source, sink } = await open(settingsOf(broker.url));
  await eventually(() => sink.distinct('state').length === 1, 'the retained message');
  expect(sink.distinct('state')[0]).toMatchObject({ value: 'RUN', flags: ['snapshot'], raw: { proto: 'mqtt' } });
  await machine.publishAsync('plant/m-1/state', '"HALT"', { qos: 1, retain: true });
  await eventually(() => sink.distinct('state').length === 2, 'the next');
  expect(sink.distinct('state')[1]!.flags).toEqual([]);
  await machine.endAsync(true);
  await broker.kill();
  await eventually(() => source.health().connection.state !== 'connected', 'the loss');
  await broker.start();
  await eventually(() => sink.distinct('$gap').length === 1, 'the gap', 20_000);
  expect(sink.distinct('$gap')[0]!.value).toEqual({ from: null, to: null, lost: null });
  expect(source.health().counts).toMatchObject({ sessionsLost: 1 });
});

describe('two clients with one id', () => {
  it('throw each other out more and more seldom, and say why, of a broker that does not', async () => {
    const broker = await startBroker();
    const settings = settingsOf(broker.url, { clientId: 'press' });
    const { source } = await open(settings);
    const { source: other } = await open(settings);
    const both = () => [source.health(), other.health()];
    await eventually(
      () => both().some(({ connection }) => connection.state === 'degraded'),
      'a third end in a row of connections that did not hold',
      30_000,
    );
    expect(both().map(({ lastError }) => lastError?.detail)).toContainEqual(
      expect.stringMatching(
        /closed the connection \d\.\d s after it was made\. .* uses the clientId press and takes the session over/,
      ),
    );
  });

  it('are told in the words of a broker that has some and hangs up at once', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (packet) => {
        const [type, , idHigh, idLow] = packet as Buffer;
        // CONNECT, and SUBSCRIBE with its id: CONNACK, then SUBACK and DISCONNECT with 0x8E in one piece.
        if (type === 0x10) socket.write(Buffer.from([0x20, 3, 0, 0, 0]));
        if (type === 0x82) socket.end(Buffer.from([0x90, 4, idHigh!, idLow!, 0, 1, 0xe0, 1, 0x8e]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const source = openOn(mqttSourceKind, settingsOf(`mqtt://127.0.0.1:${port}`), new MemorySink(), '');
      sources.push(source);
      await eventually(() => source.health().lastError !== null, 'the end');
      expect(source.health().lastError?.detail).toMatch(/^Another client has taken over the session/);
    } finally {
      server.close();
    }
  });
});

describe('in words', () => {
  let folder: string;
  let ca: string;
  let tls: { cert: string; key: string };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mqtt-tls-'));
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
    const subject = (name: string) => ['-subj', `/CN=${name}`];
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '2',
      ...subject('plant ca'),
    );
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'key.pem',
      '-out',
      'csr.pem',
      ...subject('broker.plant'),
      '-addext',
      'subjectAltName=DNS:broker.plant',
    );
    openssl(
      'x509',
      '-req',
      '-in',
      'csr.pem',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      'cert.pem',
      '-days',
      '2',
      '-copy_extensions',
      'copy',
    );
    const file = (name: string) => readFileSync(join(folder, name), 'utf8');
    ca = file('ca.pem');
    tls = { cert: file('cert.pem'), key: file('key.pem') };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const tried = (url: string, more: object = {}) =>
    mqttSourceKind.tryOnce(settingsOf(url, more), {
      signal: AbortSignal.timeout(15_000),
      logger: silentLogger,
      folder: '',
    });

  it('reminds of the limit of the broker where it is not told', async () => {
    const broker = await startBroker();
    expect((await tried(broker.url)).summary).toMatch(/in 2 s\. How many messages the broker keeps .* is not told/);
    expect((await tried(broker.url, { brokerQueue: 0 })).summary).toMatch(/in 2 s\.$/);
  });

  it('a name that nobody knows, and a port where nothing listens', async () => {
    await expect(tried('mqtt://broker.invalid:1883')).rejects.toMatchObject({ code: 'unreachable', path: 'url' });
    const broker = await startBroker();
    await broker.kill();
    await expect(tried(broker.url)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('refuses'),
    });
  });

  it('a wrong password, and a topic that is not allowed', async () => {
    const broker = await startBroker({ users: { millrace: 'right' } });
    for (const protocolVersion of [4, 5]) {
      const wrong = { protocolVersion, username: 'millrace', password: 'wrong' };
      await expect(tried(broker.url, wrong)).rejects.toMatchObject({ code: 'unauthorized' });
    }
    const right = { username: 'millrace', password: 'right' };
    await expect(tried(broker.url, right)).resolves.toMatchObject({
      summary: expect.stringContaining('MQTT 5 broker'),
    });
  });

  it('a certificate that is not trusted, or of another name', async () => {
    const broker = await startBroker({ tls });
    await expect(tried(broker.url)).rejects.toMatchObject({ code: 'certificate', path: 'tls.ca' });
    await expect(tried(broker.url, { tls: { ca } })).rejects.toMatchObject({
      code: 'certificate',
      path: 'tls.servername',
    });
    await expect(tried(broker.url, { tls: { ca, servername: 'broker.plant' } })).resolves.toMatchObject({ seen: [] });
    await expect(tried(broker.url.replace('mqtts', 'mqtt'))).rejects.toMatchObject({ code: 'not_this_protocol' });
    await expect(tried(broker.url, { tls: { ca: '-----BEGIN CERTIFICATE-----\nx' } })).rejects.toMatchObject({
      name: 'SourceProblem',
    });
  });

  it('something that is no broker, and a broker without TLS', async () => {
    const web = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { port } = web.address() as AddressInfo;
    await expect(tried(`mqtt://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'not_this_protocol' });
    web.close();
    const broker = await startBroker();
    await expect(tried(broker.url.replace('mqtt', 'mqtts'))).rejects.toMatchObject({
      code: 'not_this_protocol',
      message: expect.stringMatching(/mqtt:\/\//),
    });
  });

  it('an attempt shows what comes, and leaves the session of a running source alone', async () => {
    const broker = await startBroker();
    const { source } = await open(settingsOf(broker.url));
    const machine = await connectAsync(broker.url, { reconnectPeriod: 0 });
    await machine.publishAsync('plant/m-1/drive', '{"rpm":900,"n":1}', { retain: true, qos: 1 });
    await machine.publishAsync('plant/m-1/bad', '<html>', { retain: true, qos: 1 });
    const seen = await tried(broker.url);
    expect(seen.seen).toEqual([{ machine: 'm-1', path: 'rpm', value: 900, unit: null }]);
    expect(seen.summary).toContain('1 of them cannot be read');
    expect(source.health().counts['reconnects']).toBe(0);
    await machine.endAsync(true);
  });
});
