import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Signal } from '@millrace/domain';
import { silentLogger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import type { RefusedLine } from '../source';
import type { SourceSink } from '../source-kind';
import { shdrSourceKind } from './shdr.kind';

const STAMP = '2026-02-17T13:00:00.000Z';

/** An adapter that says what it is told. */
class Adapter {
  readonly sockets: Socket[] = [];
  readonly heard: string[] = [];
  private constructor(private readonly server: Server) {}

  static async start(port = 0): Promise<Adapter> {
    const server = createServer();
    const adapter = new Adapter(server);
    server.on('connection', (socket) => {
      adapter.sockets.push(socket);
      socket.on('data', (bytes) => adapter.heard.push(bytes.toString()));
      socket.on('error', () => undefined);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return adapter;
  }
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  say(...lines: string[]): void {
    this.sockets[this.sockets.length - 1]!.write(lines.map((line) => `${line}\n`).join(''));
  }
  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

class Collected implements SourceSink {
  readonly signals: Signal[] = [];
  readonly refused: RefusedLine[] = [];
  largest = 0;
  gate: Promise<void> = Promise.resolve();
  tries = 0;
  givesUp = false;
  async append(signals: readonly Signal[]): Promise<void> {
    this.tries++;
    await this.gate;
    if (this.givesUp) throw new Error('not authorised');
    this.largest = Math.max(this.largest, signals.length);
    this.signals.push(...signals);
  }
  async refuse(line: RefusedLine): Promise<void> {
    this.refused.push(line);
  }
  /** `path=value` of each, in order. */
  get said(): string[] {
    return this.signals.map(({ path, value }) => `${path}=${value}`);
  }
}

describe('a live SHDR adapter', () => {
  const running: Array<{ stop(): Promise<void> }> = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  const begin = (port: number) => {
    const sink = new Collected();
    let sessions = 0;
    const settings = shdrSourceKind.settings.parse({ host: '127.0.0.1', port, machine: 'RF-1', messages: ['msg'] });
    const source = shdrSourceKind.open(settings, {
      tenant: 'default',
      name: 'shdr:RF-1',
      sink,
      cursor: null,
      logger: silentLogger,
      clock: Date.now,
      random: () => 0.01,
      newId: () => `s${++sessions}`,
      folder: '',
    });
    source.start();
    running.push(source);
    return { sink, source };
  };
  const adapterOn = async (port?: number) => {
    const adapter = await Adapter.start(port);
    running.push(adapter);
    return adapter;
  };

  it('gives its lines in order, answers with PING, and refuses garbage', async () => {
    const adapter = await adapterOn();
    const { sink } = begin(adapter.port);
    await eventually(() => adapter.heard.join('').includes('* PING'), 'the first PING');
    adapter.say('* PONG 10000', `${STAMP}|avail|AVAILABLE|execution|READY`, 'garbage', `${STAMP}|part_count|7`);
    await eventually(() => sink.signals.length === 4, 'all lines');
    expect(sink.said).toEqual(['$lifecycle=connected', 'avail=AVAILABLE', 'execution=READY', 'part_count=7']);
    expect(sink.signals.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
    expect(sink.refused).toMatchObject([{ code: 'malformed', line: 3, bytes: Buffer.from('garbage') }]);
  });

  it('tells messages and time series from pairs', async () => {
    const adapter = await adapterOn();
    const { sink } = begin(adapter.port);
    await eventually(() => adapter.sockets.length === 1, 'the connection');
    adapter.say(`${STAMP}|msg|M30|Door is open`, `${STAMP}|Xload|3|100|1.5 2 -2.5`, `${STAMP}|msg||UNAVAILABLE`);
    await eventually(() => sink.signals.length === 4, 'all lines');
    expect(sink.signals.slice(1).map(({ path, value, type, quality }) => [path, value, type, quality])).toEqual([
      ['msg', { nativeCode: 'M30', text: 'Door is open' }, 'json', 'good'],
      ['Xload', { sampleCount: '3', sampleRate: '100', values: ['1.5', '2', '-2.5'] }, 'json', 'good'],
      ['msg', null, 'string', 'stale'],
    ]);
  });

  it('writes the loss into the log, and connects again under a new session', async () => {
    const adapter = await adapterOn();
    const { sink, source } = begin(adapter.port);
    await eventually(() => adapter.sockets.length === 1, 'the connection');
    adapter.say(`${STAMP}|execution|ACTIVE`);
    await eventually(() => sink.said.includes('execution=ACTIVE'), 'the line');
    adapter.sockets[0]!.destroy();
    await eventually(
      () => sink.said.filter((said) => said === '$lifecycle=connected').length === 2,
      'the second connection',
    );
    expect(sink.said).toEqual([
      '$lifecycle=connected',
      'execution=ACTIVE',
      '$lifecycle=disconnected',
      '$lifecycle=connected',
    ]);
    expect(sink.signals.map(({ session, seq }) => `${session}/${seq}`)).toEqual(['s1/0', 's1/1', 's1/2', 's2/0']);
    expect(source.health().connection.state).toBe('connected');
  });

  it('drops an adapter that stays silent for two heartbeats: a half-open connection gives no error', async () => {
    const adapter = await adapterOn();
    const { sink } = begin(adapter.port);
    await eventually(() => adapter.sockets.length === 1, 'the connection');
    adapter.say('* PONG 100');
    await eventually(() => sink.said.includes('$lifecycle=disconnected'), 'the loss');
    expect(adapter.heard.join('').match(/\* PING/g)!.length).toBeGreaterThanOrEqual(2);
  });

  it('keeps an adapter that answers each PING', async () => {
    const adapter = await adapterOn();
    const { sink } = begin(adapter.port);
    await eventually(() => adapter.sockets.length === 1, 'the connection');
    adapter.sockets[0]!.on('data', () => adapter.say('* PONG 100'));
    adapter.say('* PONG 100');
    await eventually(() => (adapter.heard.join('').match(/\* PING/g) ?? []).length >= 8, 'eight heartbeats');
    expect(sink.said).toEqual(['$lifecycle=connected']);
  });

  it('tells once that an adapter is not there, and goes on trying until it is', async () => {
    const absent = await Adapter.start();
    const { port } = absent;
    await absent.stop();
    const { sink, source } = begin(port);
    await eventually(() => source.health().lastError?.detail.includes('ECONNREFUSED'), 'the refusal');
    await eventually(() => sink.said.length === 1, 'the word of it');
    await adapterOn(port);
    await eventually(() => sink.said.includes('$lifecycle=connected'), 'the connection');
    expect(sink.said).toEqual(['$lifecycle=disconnected', '$lifecycle=connected']);
  });

  it('reads no further while Kafka takes nothing, and loses nothing', async () => {
    const adapter = await adapterOn();
    const { sink } = begin(adapter.port);
    await eventually(() => sink.signals.length === 1, 'the connection');
    let open = (): void => undefined;
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    const total = 200_000;
    const socket = adapter.sockets[0]!;
    for (let n = 0; n < total; n++) socket.write(`${STAMP}|n|${n}\n`);
    // More than the buffers of both ends hold stays unsent: the pressure has reached the adapter.
    await eventually(() => socket.writableLength > 0 && socket.bytesWritten > 0, 'back-pressure');
    open();
    await eventually(() => sink.signals.length === total + 1, 'all of it', 20_000);
    expect(sink.signals.slice(1).every(({ value }, n) => value === String(n))).toBe(true);
    expect(sink.largest).toBeLessThanOrEqual(2_000);
  });

  it('tries again what the sink has given up on, without haste, and says so', async () => {
    const adapter = await adapterOn();
    const { sink, source } = begin(adapter.port);
    await eventually(() => sink.signals.length === 1, 'the connection');
    sink.givesUp = true;
    adapter.say(`${STAMP}|n|1`);
    await eventually(() => sink.tries > 1, 'the first try');
    // In haste there would be dozens by now; a slow machine has time for another one or two.
    await delay(50);
    sink.givesUp = false;
    expect(sink.tries).toBeLessThan(10);
    expect(source.health().lastError?.detail).toBe('Signals cannot be stored: not authorised');
    adapter.say(`${STAMP}|n|2`);
    await eventually(() => sink.signals.length === 3, 'both lines');
    expect(sink.said).toEqual(['$lifecycle=connected', 'n=1', 'n=2']);
  });

  it('stores what it has read before it stops: no adapter says it again', async () => {
    const adapter = await adapterOn();
    const { sink, source } = begin(adapter.port);
    await eventually(() => sink.signals.length === 1, 'the connection');
    let open = (): void => undefined;
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    adapter.say(`${STAMP}|n|1`);
    await eventually(() => sink.tries === 2, 'the first line under way');
    adapter.say(`${STAMP}|n|2`);
    await eventually(() => source.health().queued === 2, 'the second line');
    const stopped = source.stop();
    open();
    await stopped;
    expect(sink.said).toEqual(['$lifecycle=connected', 'n=1', 'n=2']);
    expect(source.health()).toMatchObject({ connection: { state: 'stopped' }, queued: 0 });
  });
});
