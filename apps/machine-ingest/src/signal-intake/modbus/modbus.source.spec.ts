import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Signal } from '@millrace/domain';
import { dryRun, readMapping } from '@millrace/machine-mapping';
import { eventually, laterThanTimer } from '@millrace/test-environment';
import { MemorySink, openOn } from '../source-conformance.fixture';
import type { OpenSource } from '../source-kind';
import { modbusSourceKind } from './modbus.kind';
import { ModbusServer } from './modbus-server.fixture';
import { modbusSettings } from './modbus-settings';
import { exception, type HeardRequest, RawPeer, registers } from './raw-peer.fixture';

describe('a live Modbus device', () => {
  const running: Array<() => unknown> = [];
  afterEach(async () => {
    for (const end of running.splice(0).toReversed()) await end();
  });

  const item = (path: string, address: number, more: object = {}) => ({
    path,
    table: 'holding',
    address,
    type: 'uint16',
    ...more,
  });
  const begin = (
    port: number,
    devices: readonly object[],
    more: object = {},
  ): { sink: MemorySink; source: OpenSource } => {
    const settings = modbusSettings.parse({
      host: '127.0.0.1',
      port,
      intervalMs: 20,
      timeoutMs: 1_000,
      devices,
      ...more,
    });
    const sink = new MemorySink();
    const source = openOn(modbusSourceKind, settings, sink, '');
    running.push(async () => {
      sink.recover();
      await source.stop();
    });
    return { sink, source };
  };
  const device = async (unset: 'refused' | 'zero' = 'refused') => {
    const server = new ModbusServer(unset);
    await server.start();
    running.push(() => server.kill());
    return server;
  };
  const peer = async (act: Parameters<typeof RawPeer.start>[0], port = 0) => {
    const raw = await RawPeer.start(act, port);
    running.push(() => raw.stop());
    return raw;
  };
  /** `path=value`, with a star for a snapshot and the code where there is no value. */
  const spoken = ({ path, value, qualityCode, flags }: Signal) =>
    `${path}=${typeof value === 'object' ? (qualityCode ?? JSON.stringify(value)) : value}${flags.includes('snapshot') ? '*' : ''}`;
  const said = (sink: MemorySink, machine?: string) =>
    sink.appended.filter((signal) => machine === undefined || signal.machine === machine).map(spoken);
  const saying = (sink: MemorySink, text: string) =>
    eventually(() => said(sink).includes(text) || Promise.reject(said(sink)), text);

  it('tells what stands there once, and then what changes, numbered within the connection', async () => {
    const server = await device();
    server.set('1/holding/0', 7, 1_234);
    server.set('1/coil/3', 1);
    const { sink, source } = begin(server.port, [
      {
        machine: 'SAW-1',
        items: [
          item('length', 1, { scale: '0.1', unit: 'mm' }),
          { path: 'running', table: 'coil', address: 3 },
          item('parts', 0),
        ],
      },
    ]);
    await saying(sink, 'parts=7*');
    server.set('1/holding/0', 8);
    await saying(sink, 'parts=8');
    server.set('1/coil/3', 0);
    server.set('1/holding/1', 1_235);
    await saying(sink, 'running=false');
    await source.stop();
    expect(said(sink)).toEqual([
      '$lifecycle=connected',
      'length=123.4*',
      'running=true*',
      'parts=7*',
      'parts=8',
      'length=123.5',
      'running=false',
    ]);
    expect(sink.appended.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(new Set(sink.appended.map(({ session }) => session)).size).toBe(1);
    expect(sink.appended[1]).toMatchObject({
      machine: 'SAW-1',
      kind: 'sample',
      type: 'double',
      unit: 'mm',
      quality: 'good',
      sourceTs: null,
      raw: { proto: 'modbus', ref: 'unit:1 holding:1' },
    });
    expect(sink.appended[2]).toMatchObject({ kind: 'event', type: 'bool', raw: { ref: 'unit:1 coil:3' } });
  });

  it('tells a value again after a while, and that a quiet machine lives', async () => {
    const server = await device();
    server.set('1/holding/0', 7);
    const { sink } = begin(server.port, [{ machine: 'M', items: [item('a', 0)] }], { repeatMs: 1_000 });
    await saying(sink, 'a=7*');
    await saying(sink, 'a=7');
    expect(said(sink)).toEqual(['$lifecycle=connected', 'a=7*', 'a=7']);
  });

  it('says of one wrong address that it is refused, and of a number that is none that it is none', async () => {
    const server = await device();
    server.set('1/holding/0', 7, 0x7fc0, 0);
    const { sink, source } = begin(server.port, [
      { machine: 'M', items: [item('a', 0), item('nan', 1, { type: 'float32', order: 'ABCD' }), item('wrong', 9)] },
    ]);
    await saying(sink, 'wrong=mb:exception-2*');
    expect(said(sink)).toEqual(['$lifecycle=connected', 'a=7*', 'nan=mb:NaN*', 'wrong=mb:exception-2*']);
    expect(sink.appended.slice(2).map(({ value, quality, type }) => [value, quality, type])).toEqual([
      [null, 'bad', 'float'],
      [null, 'bad', 'uint64'],
    ]);
    expect(source.health()).toMatchObject({
      connection: { state: 'connected' },
      counts: { refusedItems: 1, exceptions: 2 },
      lastError: {
        detail: 'Unit 1 refuses 1 of the 3 items, with exception 2 (illegal data address): "wrong" (holding 9).',
      },
    });
  });

  it('never has half of a pair: both registers are of one read', async () => {
    const server = await device();
    let high = 0;
    server.set('1/holding/99', 0, 0, 0);
    const { sink } = begin(
      server.port,
      [{ machine: 'M', items: [item('before', 99), item('pair', 100, { type: 'uint32', order: 'ABCD' })] }],
      { intervalMs: 10, maxRegisters: 2 },
    );
    const turning = setInterval(() => {
      high = (high + 1) % 1_000;
      server.set('1/holding/100', high, high);
    }, 1);
    const pairs = () => sink.distinct('pair').map(({ value }) => Number(value));
    await eventually(() => pairs().length > 50, 'many pairs');
    clearInterval(turning);
    expect(pairs().filter((pair) => pair >>> 16 !== (pair & 0xffff))).toEqual([]);
  });

  it('of two devices behind a gateway loses the one that is silent, and has it back', async () => {
    const gateway = await device();
    gateway.set('1/holding/0', 10);
    gateway.set('2/holding/0', 20);
    const { sink, source } = begin(
      gateway.port,
      [
        { machine: 'A', unitId: 1, items: [item('a', 0)] },
        { machine: 'B', unitId: 2, items: [item('b', 0)] },
      ],
      { timeoutMs: 100 },
    );
    await saying(sink, 'b=20*');
    gateway.mute.add(2);
    await eventually(() => said(sink, 'B').includes('$lifecycle=disconnected'), 'the loss of B');
    expect(source.health()).toMatchObject({ connection: { state: 'connected' }, counts: { lostDevices: 1 } });
    gateway.set('1/holding/0', 11);
    await saying(sink, 'a=11');
    gateway.mute.delete(2);
    await eventually(() => said(sink, 'B').filter((text) => text === 'b=20*').length === 2, 'B again');
    expect(said(sink, 'A')).toEqual(['$lifecycle=connected', 'a=10*', 'a=11']);
    expect(said(sink, 'B')).toEqual([
      '$lifecycle=connected',
      'b=20*',
      '$lifecycle=disconnected',
      '$lifecycle=connected',
      '$gap={"from":null,"to":null,"lost":null,"kind":"polls","polls":null}',
      'b=20*',
    ]);
    expect(source.health().counts).toMatchObject({ lostDevices: 0, connections: 1 });
  });

  it('of two devices that are one machine the silent one takes only its own values with it', async () => {
    const gateway = await device();
    gateway.set('1/holding/0', 10);
    gateway.set('2/holding/0', 20);
    const { sink } = begin(
      gateway.port,
      [
        { machine: 'M', unitId: 1, items: [item('plc', 0)] },
        { machine: 'M', unitId: 2, items: [item('drive', 0)] },
      ],
      { timeoutMs: 100 },
    );
    await saying(sink, 'drive=20*');
    gateway.mute.add(2);
    await saying(sink, 'drive=mb:no-answer');
    gateway.mute.delete(2);
    await eventually(() => said(sink).filter((text) => text === 'drive=20*').length === 2, 'the drive again');
    expect(said(sink)).toEqual(['$lifecycle=connected', 'plc=10*', 'drive=20*', 'drive=mb:no-answer', 'drive=20*']);
    expect(sink.appended[3]).toMatchObject({ value: null, quality: 'stale' });
  });

  it('drops late answers and keeps the connection; each value is that of its own request', async () => {
    const late: Array<() => void> = [];
    let nth = 0;
    /** Every fifth answer comes when the next request does, with what was true when it was asked for. */
    const slow = await peer((request, socket) => {
      for (const send of late.splice(0)) send();
      const answer = registers(request, [request.address * 100 + 1]);
      if (++nth % 5 === 0) late.push(() => socket.write(answer));
      else socket.write(answer);
    });
    const { sink, source } = begin(
      slow.port,
      [{ machine: 'M', items: [item('r1', 1), item('r2', 200), item('r3', 300)] }],
      {
        timeoutMs: 100,
      },
    );
    await eventually(() => (source.health().counts['timeouts'] ?? 0) >= 6, 'late answers');
    await source.stop();
    expect(new Set(said(sink))).toEqual(new Set(['$lifecycle=connected', 'r1=101*', 'r2=20001*', 'r3=30001*']));
    expect(source.health().counts).toMatchObject({ connections: 1, lateAnswers: expect.any(Number) });
    expect(source.health().counts['lateAnswers']).toBeGreaterThanOrEqual(5);
  });

  it('takes no answer to a transaction that was never asked', async () => {
    const confused = await peer((request, socket) =>
      socket.write(registers(request, [666], { transaction: (request.transaction + 7) % 65_536 })),
    );
    const { sink, source } = begin(confused.port, [{ machine: 'M', items: [item('a', 0)] }]);
    await eventually(() => sink.refused.length > 0, 'the answer in the quarantine');
    expect(said(sink)).toEqual(['$lifecycle=disconnected']);
    expect(sink.refused[0]).toMatchObject({ code: 'malformed', detail: 'Transaction 8 is answered, and 1 was asked.' });
    expect(source.health().connection).toMatchObject({ reason: expect.stringContaining('does not speak Modbus TCP') });
  });

  it('makes an idle connection that the device has closed anew, and tells nobody', async () => {
    const server = await device();
    server.set('1/holding/0', 7);
    const { sink, source } = begin(server.port, [{ machine: 'M', items: [item('a', 0)] }], { intervalMs: 150 });
    await saying(sink, 'a=7*');
    for (let n = 1; n <= 3; n++) {
      server.hangUp();
      server.set('1/holding/0', 7 + n);
      await saying(sink, `a=${7 + n}`);
    }
    expect(said(sink)).toEqual(['$lifecycle=connected', 'a=7*', 'a=8', 'a=9', 'a=10']);
    expect(source.health().counts['connections']).toBe(4);
    server.hangUp();
    await server.kill();
    await saying(sink, '$lifecycle=disconnected');
  });

  it('polls no more while nothing can be stored, and tells how many polls were not made', async () => {
    let value = 0;
    const raw = await peer((request, socket) =>
      socket.write(
        registers(
          request,
          Array.from({ length: request.count }, () => ++value % 65_536),
        ),
      ),
    );
    const items = Array.from({ length: 120 }, (_, n) => item(`r${n}`, n));
    const { sink, source } = begin(raw.port, [{ machine: 'M', items }], { intervalMs: 10 });
    await eventually(() => sink.appended.length > 120, 'the first values');
    sink.fail();
    await eventually(() => (source.health().counts['unmadePolls'] ?? 0) > 5, 'polls that are not made');
    const { length: asked } = raw.heard;
    await eventually(() => source.health().counts['unmadePolls']! > 15, 'more of them');
    expect(raw.heard).toHaveLength(asked);
    expect(source.health().queued).toBeGreaterThanOrEqual(5_000);
    expect(source.health().queued).toBeLessThan(5_120);
    sink.recover();
    const gap = () => sink.appended.find(({ path }) => path === '$gap');
    await eventually(() => gap() !== undefined, 'the gap');
    expect(gap()).toMatchObject({
      machine: 'M',
      kind: 'lifecycle',
      type: 'json',
      value: { from: null, to: null, lost: null, kind: 'polls', polls: expect.any(Number) },
    });
    expect((gap()!.value as { polls: number }).polls).toBeGreaterThan(15);
    expect(source.health().counts).toMatchObject({ gaps: 1, connections: 1 });
    const { seq } = gap()!;
    expect(sink.appended.map((signal) => signal.seq)).toEqual(sink.appended.map((_, n) => n));
    expect(sink.appended[seq! + 1]!.path).toBe('r0');
  });

  it('keeps its pace, and counts the polls for which a slow device leaves no time', async () => {
    const raw = await peer(
      (request: HeardRequest, socket) => void setTimeout(() => socket.write(registers(request, [1])), 45),
    );
    const { source } = begin(raw.port, [{ machine: 'M', items: [item('a', 0)] }], { intervalMs: 20, timeoutMs: 1_000 });
    await eventually(() => raw.heard.length >= 8, 'some polls');
    const { skippedPolls } = source.health().counts;
    // each takes a little more than two intervals
    expect(skippedPolls! / raw.heard.length).toBeGreaterThan(1);
    expect(source.health().connection.state).toBe('connected');
  });

  it('stores what it has read before it stops', async () => {
    const server = await device();
    server.set('1/holding/0', 7);
    const { sink, source } = begin(server.port, [{ machine: 'M', items: [item('a', 0)] }]);
    await saying(sink, 'a=7*');
    sink.fail();
    server.set('1/holding/0', 8);
    await eventually(() => source.health().queued === 1, 'the value to be held');
    const stopped = source.stop();
    sink.recover();
    await stopped;
    expect(said(sink).at(-1)).toBe('a=8');
    expect(source.health().connection.state).toBe('stopped');
  });

  it('says after a restart of its own that nobody has looked, and shows all anew', async () => {
    const server = await device();
    server.set('1/holding/0', 7);
    const first = begin(server.port, [{ machine: 'M', items: [item('a', 0)] }]);
    await saying(first.sink, 'a=7*');
    await first.source.stop();
    const settings = { host: '127.0.0.1', port: server.port, devices: [{ machine: 'M', items: [item('a', 0)] }] };
    const source = openOn(modbusSourceKind, modbusSettings.parse(settings), first.sink, '');
    running.push(() => source.stop());
    await eventually(() => said(first.sink).length === 5, 'the second snapshot');
    expect(said(first.sink).slice(2)).toEqual([
      '$lifecycle=connected',
      '$gap={"from":null,"to":null,"lost":null,"kind":"polls","polls":null}',
      'a=7*',
    ]);
    expect(first.sink.cursor).toEqual({ v: 1, polled: ['M'] });
  });

  it('stops at once, whatever it waits for', async () => {
    const dead = await peer(() => undefined);
    const asking = begin(dead.port, [{ machine: 'M', items: [item('a', 0)] }], { timeoutMs: 60_000 });
    await eventually(() => dead.heard.length === 1, 'the first question');
    const resting = begin(dead.port, [{ machine: 'M', items: [item('a', 0)] }], { timeoutMs: 50 });
    await eventually(() => resting.source.health().connection.state === 'disconnected', 'the loss');
    const { laterMs } = await laterThanTimer(0, () => Promise.all([asking.source.stop(), resting.source.stop()]));
    expect(laterMs).toBeLessThan(5_000);
  });

  it('makes a machine offline and running again, counts over the wrap, and takes the snapshot for no edge', async () => {
    const server = await device();
    const settings = modbusSettings.parse({
      host: '127.0.0.1',
      port: server.port,
      intervalMs: 20,
      timeoutMs: 1_000,
      devices: [
        {
          machine: 'slit-01',
          items: [
            { path: 'running', table: 'coil', address: 0 },
            { path: 'fault', table: 'coil', address: 1 },
            item('parts', 0),
            item('length', 1),
          ],
        },
      ],
    });
    const write = (running: number, fault: number, parts: number) => {
      server.set('1/coil/0', running, fault);
      server.set('1/holding/0', parts, 0);
    };
    write(1, 1, 65_530);
    const sink = new MemorySink();
    const source = openOn(modbusSourceKind, settings, sink, '');
    running.push(() => source.stop());
    await saying(sink, 'parts=65530*');
    server.set('1/holding/0', 65_535);
    await saying(sink, 'parts=65535');
    await server.kill();
    await saying(sink, '$lifecycle=disconnected');
    write(1, 1, 7);
    await server.start();
    await saying(sink, 'parts=7*');
    const read = readMapping(
      readFileSync(join(__dirname, '../../../../../libs/machine-mapping/examples/slitter.yaml'), 'utf8'),
    );
    if (read.kind !== 'mapping') throw new Error(JSON.stringify(read));
    const heard = sink.appended.map((signal) => ({ ...signal, source: 'plc' }));
    // the debounce ends with the time that goes on
    const last = heard.at(-1)!;
    const at = new Date(Date.parse(last.at) + 5_000).toISOString();
    heard.push({
      ...last,
      path: '$lifecycle',
      kind: 'lifecycle',
      value: 'alive',
      type: 'string',
      seq: last.seq! + 1,
      at,
      receiveTs: at,
    });
    const { events } = dryRun(read.machines, heard, { tenant: 'default' });
    const told = events.map(({ event: { type, data } }) => ({ type, ...(JSON.parse(data) as object) }));
    expect(told).toMatchObject([
      { type: 'production.counted', delta: 5 },
      { type: 'machine.status_changed', current: 'offline' },
      { type: 'production.counted', delta: 8, how: 'wrapped', bridged: true },
      { type: 'machine.status_changed', previous: 'offline', current: 'down' },
    ]);
  });

  it.each([1, 2, 4, 6])('is no source of a machine where each answer is exception %i', async (code) => {
    const raw = await peer((request, socket) => socket.write(exception(request, code)));
    const { sink, source } = begin(raw.port, [{ machine: 'M', unitId: 9, items: [item('a', 0), item('b', 1)] }]);
    await saying(sink, '$lifecycle=disconnected');
    const { length } = raw.heard;
    await eventually(() => raw.heard.length > length, 'it to be asked on');
    expect(said(sink)).toEqual(['$lifecycle=disconnected']);
    const told = expect.stringMatching(
      code === 6
        ? /^Unit 9 is busy: exception 6/
        : new RegExp(`^Unit 9 refuses 2 of the 2 items, with exception ${code} `),
    );
    expect(source.health()).toMatchObject({
      connection: { state: 'degraded', reason: told, nextTryAt: expect.any(Number) },
      lastError: { detail: told },
      counts: { lostDevices: 1, connections: 1 },
    });
  });

  it('loses a machine whose device begins to refuse all of it, and has it back', async () => {
    const server = await device();
    server.set('1/holding/0', 7);
    const { sink, source } = begin(server.port, [{ machine: 'M', items: [item('a', 0)] }]);
    await saying(sink, 'a=7*');
    server.refuses.set('1/holding/0', 4);
    await saying(sink, '$lifecycle=disconnected');
    await eventually(() => source.health().connection.state === 'degraded', 'the source to be degraded');
    server.refuses.clear();
    await eventually(() => said(sink).length === 7, 'the value again');
    expect(said(sink)).toEqual([
      '$lifecycle=connected',
      'a=7*',
      'a=mb:exception-4',
      '$lifecycle=disconnected',
      '$lifecycle=connected',
      '$gap={"from":null,"to":null,"lost":null,"kind":"polls","polls":null}',
      'a=7*',
    ]);
    expect(source.health()).toMatchObject({ connection: { state: 'connected' }, counts: { connections: 1 } });
  });

  it('of two devices that are one machine tells what the one refuses for as long as the other speaks', async () => {
    const gateway = await device();
    gateway.set('1/holding/0', 10);
    const { sink, source } = begin(gateway.port, [
      { machine: 'M', unitId: 1, items: [item('plc', 0)] },
      { machine: 'M', unitId: 9, items: [item('b', 0), item('c', 1)] },
    ]);
    await saying(sink, 'c=mb:exception-2*');
    await eventually(() => source.health().counts['lostDevices'] === 1, 'the loss of the other');
    gateway.set('1/holding/0', 11);
    await saying(sink, 'plc=11');
    const before = ['$lifecycle=connected', 'plc=10*', 'b=mb:exception-2*', 'c=mb:exception-2*', 'plc=11'];
    expect(said(sink)).toEqual(before);
    expect(source.health()).toMatchObject({
      connection: { state: 'connected' },
      lastError: { detail: expect.stringMatching(/^Unit 9 refuses 2 of the 2 items, with exception 2/) },
    });
    gateway.set('9/holding/0', 20, 21);
    await eventually(() => said(sink).length === before.length + 2, 'what is not refused any more');
    expect(said(sink).slice(before.length).sort()).toEqual(['b=20*', 'c=21*']);
  });

  it('says what is refused for as long as it is, whatever else has gone wrong meanwhile', async () => {
    const server = await device();
    server.set('1/holding/0', 7);
    const { sink, source } = begin(server.port, [{ machine: 'M', items: [item('a', 0), item('wrong', 9)] }], {
      timeoutMs: 100,
    });
    const refusal = 'Unit 1 refuses 1 of the 2 items, with exception 2 (illegal data address): "wrong" (holding 9).';
    await saying(sink, 'wrong=mb:exception-2*');
    expect(source.health().lastError?.detail).toBe(refusal);
    await server.kill();
    const reason = () => {
      const { connection, lastError } = source.health();
      return 'reason' in connection && lastError?.detail === connection.reason ? connection.reason : '';
    };
    await eventually(() => reason().includes('ECONNREFUSED'), 'the loss');
    expect(reason()).toMatch(/cannot be reached: ECONNREFUSED\. Check host and port, that the device runs/);
    server.set('1/holding/0', 8);
    await server.start();
    await saying(sink, 'a=8*');
    expect(source.health()).toMatchObject({
      connection: { state: 'connected' },
      lastError: { detail: refusal },
      counts: { refusedItems: 1 },
    });
    // What goes wrong beside it is not hidden.
    server.mute.add(1);
    const both = () => source.health().lastError?.detail;
    await eventually(() => both() === `Unit 1 has not answered within 100 ms. ${refusal}`, 'both');
  });
});
