import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ModbusServer } from './modbus-server.fixture';
import { modbusSettings } from './modbus-settings';
import { exception, RawPeer, registers } from './raw-peer.fixture';
import { tryModbus } from './try-modbus';

describe('a try of a Modbus device', () => {
  const ended: Array<() => unknown> = [];
  afterEach(async () => {
    for (const end of ended.splice(0)) await end();
  });

  const items = [
    { path: 'parts', table: 'holding', address: 100, type: 'uint16' },
    { path: 'length', table: 'holding', address: 101, type: 'uint32', order: 'CDAB', scale: '0.1', unit: 'mm' },
  ];
  const trial = (port: number, more: object = {}, ms = 5_000) =>
    tryModbus(
      modbusSettings.parse({ host: '127.0.0.1', port, timeoutMs: 400, devices: [{ machine: 'M', items }], ...more }),
      { signal: AbortSignal.timeout(ms) },
    );
  const device = async () => {
    const server = new ModbusServer();
    await server.start();
    ended.push(() => server.kill());
    return server;
  };
  const peer = async (...act: Parameters<typeof RawPeer.start>) => {
    const raw = await RawPeer.start(...act);
    ended.push(() => raw.stop());
    return raw;
  };

  it('shows what the registers say', async () => {
    const server = await device();
    server.set('1/holding/100', 17, 1_234, 0);
    expect(await trial(server.port)).toEqual({
      summary: `Modbus TCP at 127.0.0.1:${server.port}: 1 device, 2 items in 1 read, 2 with a good value.`,
      seen: [
        { machine: 'M', path: 'parts', value: 17, unit: null },
        { machine: 'M', path: 'length', value: 123.4, unit: 'mm' },
      ],
    });
  });

  it('names the addresses that the device refuses, and how they are counted', async () => {
    const server = await device();
    server.set('1/holding/100', 17);
    await expect(trial(server.port)).rejects.toMatchObject({
      code: 'not_found',
      path: 'devices[0].items[1]',
      message: expect.stringMatching(
        /refuses 1 of the 2 items, with exception 2 \(illegal data address\): "length" \(holding 101\)\. Addresses count from 0/,
      ),
    });
  });

  it('says that a function is not served', async () => {
    const raw = await peer((request, socket) => socket.write(exception(request, 1)));
    await expect(trial(raw.port)).rejects.toMatchObject({ code: 'not_found', path: 'devices[0].items[0]' });
  });

  it('is content with a device that fails at an item, and says so', async () => {
    const server = await device();
    server.set('1/holding/100', 17, 1_234, 0);
    server.refuses.set('1/holding/102', 4);
    const tried = await trial(server.port);
    expect(tried.summary).toContain(
      '2 items in 1 read, 1 with a good value. Without one: "length" (holding 101): exception 4 (server device failure).',
    );
    expect(tried.seen[1]).toMatchObject({ path: 'length', value: null });
  });

  it.each([
    [
      4,
      /^127\.0\.0\.1:\d+ answers\. Unit 9 refuses 2 of the 2 items, with exception 4 \(server device failure\): .*check unitId/,
    ],
    [8, /Unit 9 refuses 2 of the 2 items, with exception 8 \(memory parity error\)/],
    [5, /Unit 9 is busy: exception 5 \(acknowledge\)\./],
    [6, /Unit 9 is busy: exception 6 \(server device busy\)\./],
  ])('is not content with a unit that answers each read with exception %i', async (code, message) => {
    const raw = await peer((request, socket) => socket.write(exception(request, code)));
    await expect(trial(raw.port, { devices: [{ machine: 'M', unitId: 9, items }] })).rejects.toMatchObject({
      code: 'not_found',
      path: 'devices[0].unitId',
      message: expect.stringMatching(message),
    });
  });

  it('names the one unit of several that is not there', async () => {
    const gateway = await device();
    gateway.set('1/holding/100', 17, 1_234, 0);
    for (const n of [100, 101, 102]) gateway.refuses.set(`9/holding/${n}`, 4);
    const devices = [1, 9].map((unitId) => ({ machine: `M${unitId}`, unitId, items }));
    await expect(trial(gateway.port, { devices })).rejects.toMatchObject({ path: 'devices[1].unitId' });
  });

  it.each<[string, Parameters<typeof RawPeer.start>[0], object]>([
    ['says nothing', () => undefined, { code: 'unreachable', path: 'devices[0].unitId' }],
    [
      'is a gateway without contact to the unit',
      (request, socket) => socket.write(exception(request, 11)),
      {
        code: 'unreachable',
        path: 'devices[0].unitId',
        message: expect.stringContaining('exception 11 (gateway target'),
      },
    ],
    [
      'answers as another unit',
      (request, socket) => socket.write(registers(request, [1, 2, 3], { unit: 9 })),
      {
        code: 'not_this_protocol',
        path: 'devices[0]',
        message: expect.stringContaining('Unit 9 answers where unit 1'),
      },
    ],
    ['closes at the first question', (_, socket) => socket.end(), { code: 'not_this_protocol', path: 'port' }],
    [
      'cuts at the first question',
      (_, socket) => socket.resetAndDestroy(),
      { code: 'not_this_protocol', path: 'port' },
    ],
    [
      'speaks something else',
      (_, socket) => socket.write('220 ready\r\n'),
      { code: 'not_this_protocol', path: 'port' },
    ],
  ])('says what is wrong where the peer %s', async (_, act, problem) => {
    const raw = await peer(act);
    await expect(trial(raw.port)).rejects.toMatchObject({ name: 'SourceProblem', ...problem });
  });

  it('knows a web server by its answer', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    ended.push(() => server.close());
    await once(server, 'listening');
    await expect(trial((server.address() as AddressInfo).port)).rejects.toMatchObject({ code: 'not_this_protocol' });
  });

  it('says that nothing listens, and that time was up', async () => {
    const raw = await peer(() => undefined);
    const { port } = raw;
    await expect(trial(port, { timeoutMs: 5_000 }, 50)).rejects.toMatchObject({ code: 'unreachable', path: 'host' });
    await raw.stop();
    await expect(trial(port)).rejects.toMatchObject({
      code: 'unreachable',
      path: 'host',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
