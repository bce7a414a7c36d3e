import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTls } from 'node:https';
import { type AddressInfo, createServer as createAdapter } from 'node:net';
import {
  type AgentDevice,
  type AgentGarbage,
  eventually,
  MtconnectAgent,
  randomFrom,
} from '@millrace/test-environment';
import { selfSigned } from '../../../../../libs/webhook-client/test/certificate';
import { MemorySink, openOn } from '../source-conformance.fixture';
import type { OpenSource } from '../source-kind';
import { mtconnectSourceKind } from './mtconnect.kind';
import { mtconnectSettings } from './mtconnect-settings';

const item = (id: string, category: 'SAMPLE' | 'EVENT' | 'CONDITION', type: string, more: object = {}) => ({
  id,
  name: id,
  category,
  type,
  ...more,
});
const SAW: AgentDevice = {
  name: 'SAW-1',
  uuid: 'u-1',
  items: [
    item('execution', 'EVENT', 'EXECUTION'),
    item('parts', 'EVENT', 'PART_COUNT'),
    item('load', 'SAMPLE', 'LOAD', { units: 'PERCENT' }),
    item('Xpos', 'SAMPLE', 'POSITION', { units: 'MILLIMETER', nativeUnits: 'INCH' }),
    item('odd', 'SAMPLE', 'LENGTH', { units: 'x:METER' }),
    item('hydraulic', 'CONDITION', 'PRESSURE'),
  ],
};
const PRESS: AgentDevice = { name: 'PRESS', uuid: 'u-2', items: [item('parts', 'EVENT', 'PART_COUNT')] };

const STREAM = { mode: 'stream' };
const POLL = { mode: 'poll' };

describe('a live agent', () => {
  const closing: Array<() => Promise<void>> = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  const agentOf = async (options: Partial<Parameters<typeof MtconnectAgent.start>[0]> = {}) => {
    const agent = await MtconnectAgent.start({ devices: [SAW], ...options });
    closing.push(() => agent.stop());
    return agent;
  };
  const open = async (
    url: string,
    more: object = STREAM,
    sink = new MemorySink(),
    connected = true,
    clock = Date.now,
  ) => {
    const settings = mtconnectSettings.parse({
      url,
      ...('machine' in more || 'devices' in more ? {} : { devices: [{ device: 'SAW-1', machine: 'SAW-1' }] }),
      intervalMs: 10,
      heartbeatMs: 200,
      timeoutMs: 500,
      ...more,
    });
    const source = openOn(
      { ...mtconnectSourceKind, open: (given, context) => mtconnectSourceKind.open(given, { ...context, clock }) },
      settings,
      sink,
      '',
    );
    closing.push(() => source.stop());
    if (connected) await isConnected(source);
    return { source, sink };
  };
  const isConnected = (source: OpenSource) =>
    eventually(() => source.health().connection.state === 'connected' || Promise.reject(source.health()), 'connection');
  const say = (agent: MtconnectAgent, from: number, to: number) =>
    agent.observe(
      Array.from({ length: to - from + 1 }, (_, n) => ({ device: 'SAW-1', item: 'parts', value: String(from + n) })),
    );
  const parts = (sink: MemorySink) =>
    sink.appended.filter(({ path, flags, value }) => path === 'parts' && !flags.includes('snapshot') && value !== null);
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => String(from + n));
  const comes = (sink: MemorySink, last: number) =>
    eventually(() => parts(sink).at(-1)?.value === String(last) || Promise.reject(parts(sink).length), `part ${last}`);
  const gaps = (sink: MemorySink) => sink.appended.filter(({ path }) => path === '$gap').map(({ value }) => value);

  it('begins with what there is, and gives units, conditions and positions as they came', async () => {
    const agent = await agentOf();
    agent.observe([{ device: 'SAW-1', item: 'execution', value: 'READY' }]);
    const { sink } = await open(agent.url);
    const first = sink.appended[0]!;
    expect([first.path, first.value, first.source]).toEqual(['$lifecycle', 'connected', 'under-test']);
    const snapshot = sink.appended.slice(1);
    expect(snapshot.map(({ path, value, flags, seq }) => [path, value, flags, seq])).toEqual([
      ['parts', null, ['snapshot'], 2],
      ['load', null, ['snapshot'], 3],
      ['Xpos', null, ['snapshot'], 4],
      ['odd', null, ['snapshot'], 5],
      ['hydraulic', expect.objectContaining({ level: 'UNAVAILABLE' }), ['snapshot'], 6],
      ['execution', 'READY', ['snapshot'], 7],
    ]);
    const timestamp = '2026-01-05T06:00:00.1234567Z';
    agent.observe([
      { device: 'SAW-1', item: 'Xpos', value: '25.40', timestamp },
      { device: 'SAW-1', item: 'odd', value: '1', timestamp },
      {
        device: 'SAW-1',
        item: 'hydraulic',
        value: { level: 'Fault', nativeCode: '007', text: 'oil <is> hot' },
        timestamp,
      },
      { device: 'SAW-1', item: 'hydraulic', value: null, timestamp },
    ]);
    await eventually(() => sink.appended.length === 11, 'four observations');
    expect(sink.appended.slice(7)).toMatchObject([
      { path: 'Xpos', kind: 'sample', value: '25.40', unit: 'mm', sourceTs: timestamp, seq: 8, session: '1475083573' },
      { path: 'odd', unit: null, raw: { proto: 'mtc', ref: 'sequence:9 units:x:METER' } },
      {
        path: 'hydraulic',
        kind: 'condition',
        type: 'condition',
        value: { level: 'FAULT', nativeCode: '007', text: 'oil <is> hot' },
      },
      { path: 'hydraulic', quality: 'stale', qualityCode: 'mtc:UNAVAILABLE', value: { level: 'UNAVAILABLE' } },
    ]);
    expect(sink.cursor).toMatchObject({ instanceId: '1475083573', epoch: 0, next: 12 });
  });

  it.each([STREAM, POLL])('has every observation once over a restart of the agent: %j', async (mode) => {
    const agent = await agentOf();
    const { source, sink } = await open(agent.url, mode);
    say(agent, 1, 30);
    await comes(sink, 30);
    agent.restart({ quietly: true });
    say(agent, 31, 60);
    agent.repeat(7);
    await comes(sink, 60);
    agent.restart();
    say(agent, 61, 90);
    await comes(sink, 90);
    expect(parts(sink).map(({ value }) => value)).toEqual(numbers(1, 90));
    expect(new Set(parts(sink).map(({ session }) => session)).size).toBe(3);
    expect(sink.lifecycle().filter((word) => word === 'birth')).toHaveLength(2);
    expect(gaps(sink)).toEqual([]);
    expect(source.health().counts).toMatchObject({ restarts: 2, gaps: 0 });
  });

  it('goes on when the sink has given up, even on the word of the loss, and says what is wrong meanwhile', async () => {
    const agent = await agentOf();
    const { source, sink } = await open(agent.url);
    say(agent, 1, 1);
    await comes(sink, 1);
    const append = sink.append.bind(sink);
    let tries = 0;
    sink.append = () => {
      tries++;
      return Promise.reject(new Error('not authorised'));
    };
    say(agent, 2, 2);
    await eventually(() => tries >= 4, 'more tries than a loss has words');
    await eventually(() => source.health().connection.state === 'degraded', 'the state');
    expect(source.health().lastError?.detail).toContain('not authorised');
    sink.append = append;
    say(agent, 3, 3);
    await comes(sink, 3);
    expect(parts(sink).map(({ value }) => value)).toEqual(numbers(1, 3));
    expect(sink.lifecycle()).toEqual(['connected']);
  });

  it('drops what a document repeats', async () => {
    const agent = await agentOf();
    const { source, sink } = await open(agent.url, POLL);
    say(agent, 1, 10);
    await comes(sink, 10);
    agent.repeat(10);
    await eventually(() => source.health().counts['duplicates'] === 10, 'the repeats');
    say(agent, 11, 11);
    await comes(sink, 11);
    expect(parts(sink).map(({ value }) => value)).toEqual(numbers(1, 11));
  });

  it.each([STREAM, POLL])('tells the exact gap when the buffer has gone on without it: %j', async (mode) => {
    const agent = await agentOf({ bufferSize: 50 });
    const first = await open(agent.url, mode);
    say(agent, 1, 10);
    await comes(first.sink, 10);
    await first.source.stop();
    const next = agent.nextSequence;
    say(agent, 11, 200);
    agent.observe([{ device: 'SAW-1', item: 'execution', value: 'ACTIVE' }]);
    const lost = agent.firstSequence - next;
    const { sink, source } = await open(agent.url, mode, first.sink);
    expect(gaps(sink)).toEqual([{ from: next, to: agent.firstSequence - 1, lost }]);
    expect(source.health().counts).toMatchObject({ gaps: 1, lost });
    expect(parts(sink).map(({ value }) => value)).toEqual([...numbers(1, 10), ...numbers(152, 200)]);
    // the present of all items follows, in a session of its own
    const resync = sink.appended.filter(({ flags, session }) => flags.includes('snapshot') && session.includes(':'));
    expect(resync.map(({ path }) => path).sort()).toEqual(SAW.items.map(({ id }) => id).sort());
    expect(resync.at(-1)).toMatchObject({ path: 'execution', value: 'ACTIVE' });
  });

  it('ends well on a small buffer that is always full: all is read or told as lost', async () => {
    const agent = await agentOf({ bufferSize: 40 });
    const { sink } = await open(agent.url, { ...STREAM, count: 10 });
    let said = 0;
    const random = randomFrom(7);
    for (let round = 0; round < 60; round++) {
      const more = 1 + Math.floor(random() * 60);
      say(agent, said + 1, said + more);
      said += more;
      await new Promise((resolve) => setTimeout(resolve, random() * 8));
    }
    // slower than the buffer: the end of it is read
    while (parts(sink).at(-1)?.value !== String(said)) {
      say(agent, ++said, said);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const lost = gaps(sink).reduce<number>((sum, gap) => sum + (gap as { lost: number }).lost, 0);
    const read = parts(sink).map(({ seq }) => seq!);
    expect(new Set(read).size).toBe(read.length);
    expect(read.length + lost).toBe(said);
  });

  it('takes a numbering that is behind for a new life, although the instance is the same', async () => {
    const agent = await agentOf({ instanceId: 1 });
    const first = await open(agent.url);
    say(agent, 1, 20);
    await comes(first.sink, 20);
    await first.source.stop();
    agent.restart({ instanceId: 1 });
    say(agent, 21, 25);
    const { sink } = await open(agent.url, STREAM, first.sink);
    await comes(sink, 25);
    expect(parts(sink).map(({ value }) => value)).toEqual(numbers(1, 25));
    expect(parts(sink).at(-1)!.session).toBe('1.1');
    expect(sink.lifecycle()).toEqual(['connected', 'connected', 'birth']);
  });

  it('tells the items that a new model lacks, and those of a device that is gone', async () => {
    const agent = await agentOf({ devices: [SAW, PRESS] });
    const { source, sink } = await open(agent.url, { ...STREAM, machine: '{device}' });
    agent.restart({ devices: [{ ...SAW, items: SAW.items.filter(({ id }) => id !== 'load') }] });
    await eventually(() => source.health().counts['restarts'] === 1, 'the restart');
    expect(sink.appended.filter(({ quality }) => quality === 'bad')).toMatchObject([
      { machine: 'SAW-1', path: 'load', value: null, qualityCode: 'mtc:REMOVED' },
    ]);
    const words = sink.appended
      .filter(({ path }) => path === '$lifecycle')
      .map(({ machine, value }) => `${machine} ${value}`);
    expect(words).toEqual(['SAW-1 connected', 'PRESS connected', 'SAW-1 birth', 'PRESS disconnected']);
  });

  it('reads all devices over one stream, each as its machine', async () => {
    const agent = await agentOf({ devices: [SAW, PRESS] });
    const { sink } = await open(agent.url, { ...STREAM, machine: 'hall.{device}' });
    agent.observe([
      { device: 'PRESS', item: 'parts', value: '1' },
      { device: 'SAW-1', item: 'parts', value: '2' },
    ]);
    await comes(sink, 2);
    expect(parts(sink).map(({ machine, value }) => [machine, value])).toEqual([
      ['hall.PRESS', '1'],
      ['hall.SAW-1', '2'],
    ]);
    expect(agent.requests.filter((path) => path.includes('interval='))).toHaveLength(1);
  });

  it.each(['html', 'doctype', 'mismatched', 'truncated', 'flood'] satisfies AgentGarbage[])(
    'quarantines %s once, applies nothing of it, and goes on',
    async (garbage) => {
      const agent = await agentOf();
      const { source, sink } = await open(agent.url);
      say(agent, 1, 5);
      await comes(sink, 5);
      agent.answerGarbage(garbage);
      await eventually(() => sink.refused.length > 0, 'the refusal', 20_000);
      say(agent, 6, 9);
      await comes(sink, 9);
      await isConnected(source);
      expect(parts(sink).map(({ value }) => value)).toEqual(numbers(1, 9));
      expect(sink.refused).toHaveLength(1);
      const code = {
        html: 'doctype',
        doctype: 'doctype',
        mismatched: 'malformed',
        truncated: 'truncated',
        flood: 'too_large',
      };
      expect(sink.refused[0]).toMatchObject({ source: 'under-test', code: code[garbage] });
      expect(sink.refused[0]!.bytes.length).toBeLessThanOrEqual(65_536);
      // a stumble of the connection is not told of the machine
      expect(sink.lifecycle()).toEqual(['connected']);
    },
    30_000,
  );

  it('is degraded after three failures in a row, says why, and keeps one copy of the page', async () => {
    const page = '<html><body>502 Bad Gateway</body></html>';
    const gateway = createServer(
      (_, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end(page),
    );
    gateway.listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    closing.push(async () => void gateway.close());
    const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/agents/saw`;
    const { source, sink } = await open(url, STREAM, new MemorySink(), false);
    await eventually(() => source.health().connection.state === 'degraded', 'three failures');
    expect(source.health()).toMatchObject({
      connection: { reason: '/agents/saw/SAW-1/probe was answered with the status 502.' },
    });
    expect(sink.refused.map(({ code, bytes }) => [code, bytes.toString()])).toEqual([['http_502', page]]);
    expect(sink.lifecycle()).toEqual(['disconnected']);
  });

  it('breaks off in the middle of a document without a trace of it', async () => {
    const agent = await agentOf();
    const { sink } = await open(agent.url);
    say(agent, 1, 5);
    await comes(sink, 5);
    agent.answerGarbage('reset');
    say(agent, 6, 9);
    await comes(sink, 9);
    expect(parts(sink).map(({ value }) => value)).toEqual(numbers(1, 9));
    expect(sink.refused).toEqual([]);
  });

  it('gives up a document that can never be read, and tells it as a gap', async () => {
    const agent = await agentOf();
    const { sink } = await open(agent.url, POLL);
    say(agent, 1, 3);
    await comes(sink, 3);
    const at = agent.nextSequence;
    agent.observe(['\u0001', 'READY'].map((value) => ({ device: 'SAW-1', item: 'execution', value })));
    await eventually(() => gaps(sink).length > 0, 'the gap', 20_000);
    expect(gaps(sink)).toEqual([{ from: at, to: at + 1, lost: 2 }]);
    expect(sink.refused).toMatchObject([{ code: 'malformed' }]);
    expect(sink.appended.at(-1)).toMatchObject({ path: 'execution', value: 'READY', flags: ['snapshot'] });
  });

  it('leaves out one observation that is wrong, and quarantines the document that has it', async () => {
    const agent = await agentOf();
    const { source, sink } = await open(agent.url);
    agent.observe([
      { device: 'SAW-1', item: 'parts', value: '1' },
      { device: 'SAW-1', item: 'parts', value: '2', timestamp: 'noon' },
      { device: 'SAW-1', item: 'parts', value: '3' },
    ]);
    await comes(sink, 3);
    expect(parts(sink).map(({ value }) => value)).toEqual(['1', '3']);
    expect(sink.refused).toMatchObject([{ code: 'invalid_observation' }]);
    expect(sink.refused[0]!.detail).toContain('sequence 8');
    expect(source.health().counts).toMatchObject({ invalidObservations: 1 });
  });

  it('reads the model anew when the agent says that it has changed', async () => {
    const agent = await agentOf({ modelTime: '2026-01-01T00:00:00Z' });
    const { sink } = await open(agent.url);
    agent.changeModel([{ ...SAW, items: SAW.items.filter(({ id }) => id !== 'odd') }], '2026-02-02T00:00:00Z');
    await eventually(() => sink.appended.some(({ qualityCode }) => qualityCode === 'mtc:REMOVED'), 'the change');
    say(agent, 1, 3);
    await comes(sink, 3);
    expect(sink.appended.filter(({ quality }) => quality === 'bad').map(({ path }) => path)).toEqual(['odd']);
    expect(parts(sink).map(({ value }) => value)).toEqual(numbers(1, 3));
    expect(sink.lifecycle()).toEqual(['connected']);
  });

  it('makes what was doubted certain again after an outage, although nothing has changed', async () => {
    const agent = await agentOf();
    agent.observe([{ device: 'SAW-1', item: 'execution', value: 'ACTIVE' }]);
    const { source, sink } = await open(agent.url);
    agent.freeze();
    await eventually(() => sink.lifecycle().includes('disconnected'), 'the loss');
    agent.thaw();
    await isConnected(source);
    const said = sink.appended.filter(({ path }) => path === 'execution' || path === '$lifecycle');
    expect(said.map(({ value }) => value)).toEqual(['connected', 'ACTIVE', 'disconnected', 'connected', 'ACTIVE']);
    expect(said.at(-1)!.session).toMatch(/^1475083573:session-/);
  });

  it('gives what waited in the buffer the time at which it would have come', async () => {
    const agent = await agentOf();
    const first = await open(agent.url);
    await first.source.stop();
    const stamps = [600_000, 300_000, 301_000, 1_000].map((ago) => new Date(Date.now() - ago).toISOString());
    for (const [n, timestamp] of stamps.entries())
      agent.observe([{ device: 'SAW-1', item: 'parts', value: String(n), timestamp }]);
    const { sink } = await open(agent.url, STREAM, first.sink);
    await comes(sink, 3);
    const late = (at: string, stamp: string) => Math.abs(Date.parse(at) - Date.parse(stamp)) < 2_000;
    const [a, b, c, d] = parts(sink).map(({ at }) => at) as [string, string, string, string];
    expect([late(a, stamps[0]!), late(b, stamps[1]!), late(d, stamps[3]!)]).toEqual([true, true, true]);
    expect(c).toBe(b);
  });

  it('tells that a silent machine is alive, and not more often than that is news', async () => {
    const agent = await agentOf();
    const sink = new MemorySink();
    let later = 0;
    const { source } = await open(agent.url, STREAM, sink, true, () => Date.now() + later);
    say(agent, 1, 1);
    await comes(sink, 1);
    later = 6_000;
    await eventually(() => sink.lifecycle().includes('alive'), 'a sign of life');
    say(agent, 2, 2);
    await comes(sink, 2);
    expect(sink.lifecycle()).toEqual(['connected', 'alive']);
    expect(source.health().connection.state).toBe('connected');
  });

  it('takes bytes in any pieces', async () => {
    const random = randomFrom(3);
    const agent = await agentOf({ pieces: () => 1 + Math.floor(random() * 40), version: '2.3' });
    const { sink } = await open(agent.url);
    say(agent, 1, 300);
    await comes(sink, 300);
    expect(parts(sink).map(({ value }) => value)).toEqual(numbers(1, 300));
  });

  it('tells the machines that its predecessor knew that the agent is not there', async () => {
    const agent = await agentOf({ devices: [SAW, PRESS] });
    const first = await open(agent.url, { ...STREAM, machine: '{device}' });
    await first.source.stop();
    const { url } = agent;
    await agent.stop();
    const { source, sink } = await open(url, { ...STREAM, machine: '{device}' }, first.sink, false);
    await eventually(() => source.health().connection.state === 'degraded', 'three failures');
    const lost = sink.appended.filter(({ value }) => value === 'disconnected').map(({ machine }) => machine);
    expect(lost).toEqual(['SAW-1', 'PRESS']);
    expect(source.health().lastError!.detail).toContain('ECONNREFUSED');
  });

  it('goes on by polling where what stands between cannot stream', async () => {
    const agent = await agentOf();
    const proxy = createServer((request, response) => {
      const path = request.url!.replace(/&?(interval|heartbeat)=\d+/g, '');
      fetch(`${agent.url}${path}`).then(
        async (answer) =>
          void response.writeHead(answer.status, { 'content-type': 'text/xml' }).end(await answer.text()),
        () => response.destroy(),
      );
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    closing.push(async () => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const { sink } = await open(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    say(agent, 1, 20);
    await comes(sink, 20);
    expect(parts(sink).map(({ value }) => value)).toEqual(numbers(1, 20));
  });
});

describe('the first try', () => {
  const tried = (settings: object) =>
    mtconnectSourceKind.tryOnce(mtconnectSettings.parse({ machine: '{device}', timeoutMs: 500, ...settings }), {
      signal: AbortSignal.timeout(5_000),
      logger: { debug() {}, info() {}, warn() {}, error() {} } as never,
      folder: '',
    });

  it('shows what there is', async () => {
    const agent = await MtconnectAgent.start({ devices: [SAW, PRESS], version: '2.3' });
    agent.observe([{ device: 'SAW-1', item: 'Xpos', value: '1.5' }]);
    const { summary, seen } = await tried({ url: agent.url });
    expect(summary).toBe('MTConnect agent 2.3.0.0 with 2 devices (SAW-1, PRESS), 2 of them read, 7 data items.');
    expect(seen).toContainEqual({ machine: 'SAW-1', path: 'Xpos', value: '1.5', unit: 'mm' });
    await agent.stop();
  });

  it('says what is wrong', async () => {
    const agent = await MtconnectAgent.start({ devices: [SAW] });
    await expect(
      tried({ url: agent.url, machine: undefined, devices: [{ device: 'SAW-9', machine: 'S' }] }),
    ).rejects.toMatchObject({ code: 'not_found', path: 'devices', message: expect.stringContaining('only: SAW-1') });
    agent.answerGarbage('html');
    await expect(tried({ url: agent.url })).rejects.toMatchObject({ code: 'not_this_protocol' });
    agent.freeze();
    const { url } = agent;
    await expect(tried({ url })).rejects.toMatchObject({ code: 'unreachable' });
    await agent.stop();
    await expect(tried({ url })).rejects.toMatchObject({
      code: 'unreachable',
      path: 'url',
    });
  });

  it('trusts an authority that it is given, and says so where it is not', async () => {
    const { cert, key } = selfSigned({ names: ['localhost'] });
    const agent = await MtconnectAgent.start({ devices: [SAW] });
    const gateway = createTls({ cert, key }, (request, response) => {
      fetch(`${agent.url}${request.url}`).then(
        async (answer) => void response.writeHead(answer.status).end(await answer.text()),
        () => response.destroy(),
      );
    });
    gateway.listen(0, 'localhost');
    await once(gateway, 'listening');
    const url = `https://localhost:${(gateway.address() as AddressInfo).port}`;
    await expect(tried({ url })).rejects.toMatchObject({ code: 'certificate', path: 'ca' });
    expect((await tried({ url, ca: cert })).summary).toContain('SAW-1');
    const none = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';
    await expect(tried({ url, ca: none })).rejects.toMatchObject({ code: 'certificate', path: 'ca' });
    gateway.closeAllConnections();
    gateway.close();
    await agent.stop();
  });

  it('says which of http and https a port speaks', async () => {
    const agent = await MtconnectAgent.start({ devices: [SAW] });
    await expect(tried({ url: agent.url.replace('http:', 'https:') })).rejects.toMatchObject({
      code: 'not_this_protocol',
      path: 'url',
      message: expect.stringMatching(/speaks without TLS.*write http:/),
    });
    await agent.stop();
    const gateway = createTls(selfSigned({ names: ['localhost'] }), (_, response) => response.end());
    gateway.listen(0, 'localhost');
    await once(gateway, 'listening');
    await expect(tried({ url: `http://localhost:${(gateway.address() as AddressInfo).port}` })).rejects.toMatchObject({
      path: 'url',
    });
    gateway.close();
  });

  it('knows the port of an adapter', async () => {
    const adapter = createAdapter((socket) => {
      socket.on('error', () => undefined);
      socket.write('2026-02-17T13:00:00.000Z|avail|AVAILABLE\n');
    });
    adapter.listen(0, '127.0.0.1');
    await once(adapter, 'listening');
    await expect(tried({ url: `http://127.0.0.1:${(adapter.address() as AddressInfo).port}` })).rejects.toMatchObject({
      code: 'not_this_protocol',
      path: 'url',
      message: expect.stringContaining('shdr'),
    });
    adapter.close();
  });

  it('asks with the credentials that it has', async () => {
    const heard: Array<string | undefined> = [];
    const gateway = createServer((request, response) => {
      heard.push(request.headers.authorization, request.headers['x-api-key'] as string);
      response.writeHead(401).end();
    });
    gateway.listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    const settings = { url, bearer: 'secret', header: { name: 'X-Api-Key', value: 'key' } };
    await expect(tried(settings)).rejects.toMatchObject({ code: 'unauthorized', path: 'bearer' });
    expect(heard).toEqual(['Bearer secret', 'key']);
    gateway.close();
  });
});
