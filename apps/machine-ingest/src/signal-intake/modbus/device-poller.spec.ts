import { DevicePoller, type Polled } from './device-poller';
import { ModbusConnection } from './modbus-connection';
import { itemsOf } from './modbus-item';
import { ModbusServer } from './modbus-server.fixture';
import { modbusSettings } from './modbus-settings';
import { exception, type HeardRequest, RawPeer, registers } from './raw-peer.fixture';

describe('a poll of one device', () => {
  const open: Array<() => unknown> = [];
  let now = 0;
  beforeEach(() => {
    now = 0;
  });
  afterEach(async () => {
    for (const end of open.splice(0).toReversed()) await end();
  });

  const polling = async (port: number, addresses: readonly number[], more: object = {}) => {
    const items = addresses.map((address) => ({ path: `r${address}`, table: 'holding', address, type: 'uint16' }));
    const settings = modbusSettings.parse({
      host: '127.0.0.1',
      port,
      timeoutMs: 1_000,
      devices: [{ machine: 'M', items }],
      ...more,
    });
    const connection = await ModbusConnection.open({ host: '127.0.0.1', port }, 1_000, new AbortController().signal);
    open.push(() => connection.close());
    const counts: Record<string, number> = {};
    const poller = new DevicePoller(itemsOf(settings.devices[0]!, 0), settings, {
      monotonic: () => now,
      count: (name) => {
        counts[name] = (counts[name] ?? 0) + 1;
      },
    });
    /** `r0=5`, `r7=mb:exception-2`, in the order of the items; and how many requests it took. */
    const poll = async () => {
      const before = counts['requests'] ?? 0;
      const polled = await poller.poll(connection);
      return { said: said(polled), requests: counts['requests']! - before, failed: polled.failed, polled };
    };
    return { poller, poll, counts };
  };
  const said = ({ readings }: Polled) =>
    [...readings]
      .sort(([one], [other]) => one.address - other.address)
      .map(([{ path }, { value, qualityCode }]) => `${path}=${value ?? qualityCode}`);
  const device = async () => {
    const server = new ModbusServer();
    await server.start();
    open.push(() => server.kill());
    return server;
  };
  const peer = async (act: Parameters<typeof RawPeer.start>[0]) => {
    const raw = await RawPeer.start(act);
    open.push(() => raw.stop());
    return raw;
  };
  const range = (count: number) => Array.from({ length: count }, (_, n) => n);

  it('finds the one address that the device refuses, and asks for its neighbours without it from then on', async () => {
    const server = await device();
    server.set('1/holding/0', ...range(100));
    server.memory.delete('1/holding/37');
    const { poll, poller } = await polling(server.port, range(100));
    const first = await poll();
    const expected = range(100).map((n) => (n === 37 ? 'r37=mb:exception-2' : `r${n}=${n}`));
    expect(first.said).toEqual(expected);
    expect(first.requests).toBeLessThanOrEqual(15);
    expect([...poller.refusals].map(([{ path }, code]) => `${path} ${code}`)).toEqual(['r37 mb:exception-2']);
    server.set('1/holding/0', 1_000);
    const second = await poll();
    expect(second.said).toEqual(['r0=1000', ...expected.slice(1)].filter((text) => !text.includes('exception')));
    expect(second.requests).toBe(poller.reads);
    expect(second.requests).toBeLessThanOrEqual(8);
  });

  it('reads both sides of a hole that the device does not have', async () => {
    const server = await device();
    server.set('1/holding/0', 1);
    server.set('1/holding/5', 2);
    const { poll } = await polling(server.port, [0, 5]);
    expect(await poll()).toMatchObject({ said: ['r0=1', 'r5=2'], requests: 3 });
    expect(await poll()).toMatchObject({ said: ['r0=1', 'r5=2'], requests: 2 });
  });

  it('asks again for what was refused, and plans anew when it is there', async () => {
    const server = await device();
    server.set('1/holding/0', 1, 2);
    const { poll, poller } = await polling(server.port, [0, 1, 2]);
    await poll();
    server.set('1/holding/2', 3);
    expect((await poll()).said).toEqual(['r0=1', 'r1=2']);
    now = 30_000;
    expect((await poll()).said).toEqual(['r0=1', 'r1=2', 'r2=3']);
    expect(await poll()).toMatchObject({ said: ['r0=1', 'r1=2', 'r2=3'], requests: 1 });
    expect(poller.refusals.size).toBe(0);
  });

  it('a device that refuses all it has while it starts comes back as a whole', async () => {
    const server = await device();
    for (const n of range(20)) server.refuses.set(`1/holding/${n}`, 4);
    server.set('1/holding/0', ...range(20));
    const { poll } = await polling(server.port, range(20));
    const starting = await poll();
    expect(starting.said).toEqual(range(20).map((n) => `r${n}=mb:exception-4`));
    expect(starting.failed).toMatchObject({
      how: 'refused',
      reason: expect.stringMatching(/^Unit 1 refuses 20 of the 20 items, with exception 4 .*check unitId/),
    });
    server.refuses.clear();
    expect((await poll()).requests).toBe(1);
    expect(await poll()).toMatchObject({ said: range(20).map((n) => `r${n}=${n}`), requests: 1 });
  });

  it('takes smaller reads of a device that refuses large ones', async () => {
    const small = await peer((request, socket) =>
      socket.write(request.count > 16 ? exception(request, 3) : registers(request, range(request.count))),
    );
    const { poll } = await polling(small.port, range(100));
    expect((await poll()).polled.readings.size).toBe(100);
    const again = await poll();
    expect(again).toMatchObject({ requests: 8 });
    expect(again.polled.readings.size).toBe(100);
  });

  it('gives nothing of a table that the device does not serve, and all of the others', async () => {
    const server = await device();
    server.set('1/holding/0', 5);
    const { poll, counts } = await polling(server.port, [0], {
      devices: [
        {
          machine: 'M',
          items: [
            { path: 'r0', table: 'holding', address: 0, type: 'uint16' },
            { path: 'i0', table: 'input', address: 0, type: 'uint16' },
          ],
        },
      ],
    });
    expect((await poll()).said.sort()).toEqual(['i0=mb:exception-2', 'r0=5']);
    expect(counts).toMatchObject({ exceptions: 1 });
  });

  it('asks a busy device again before it says that nothing is known', async () => {
    let busy = 2;
    const raw = await peer((request, socket) =>
      socket.write(busy-- > 0 ? exception(request, 6) : registers(request, [7])),
    );
    const { poll, counts } = await polling(raw.port, [0]);
    expect(await poll()).toMatchObject({ said: ['r0=7'], requests: 3 });
    busy = Number.POSITIVE_INFINITY;
    expect((await poll()).said).toEqual([]);
    expect((await poll()).said).toEqual([]);
    expect(await poll()).toMatchObject({
      said: ['r0=mb:exception-6'],
      failed: { how: 'refused', reason: 'Unit 1 is busy: exception 6 (server device busy).' },
    });
    busy = 0;
    expect((await poll()).said).toEqual(['r0=7']);
    expect(counts['busy']).toBe(11);
  });

  it.each([10, 11])('by a gateway that does not reach it (%i) has failed, and is not silence', async (code) => {
    const gateway = await peer((request, socket) => socket.write(exception(request, code)));
    const { poll } = await polling(gateway.port, [0, 100, 200]);
    expect(await poll()).toMatchObject({
      said: [`r0=mb:exception-${code}`, `r100=mb:exception-${code}`],
      failed: { how: 'unreached', reason: expect.stringContaining(`exception ${code}`) },
    });
  });

  it('of a device that does not answer at all ends after two reads', async () => {
    const dead = await peer(() => undefined);
    const { poll } = await polling(dead.port, [0, 100, 200, 300], { timeoutMs: 50 });
    expect(await poll()).toMatchObject({ said: [], requests: 2, failed: { how: 'silent' } });
  });

  it('of which each answer is an exception has failed, and says of all items that they are refused', async () => {
    const server = await device();
    server.set('1/holding/0', 1, 2);
    const { poll } = await polling(server.port, [0, 1, 2]);
    expect(await poll()).toMatchObject({ said: ['r0=1', 'r1=2', 'r2=mb:exception-2'], failed: null });
    server.refuses.set('1/holding/0', 4).set('1/holding/1', 4);
    const all = ['r0=mb:exception-4', 'r1=mb:exception-4', 'r2=mb:exception-2'];
    // the second one asks for one of them only
    for (let n = 0; n < 2; n++) expect(await poll()).toMatchObject({ said: all, failed: { how: 'refused' } });
    server.refuses.clear();
    now = 5_000;
    expect((await poll()).failed).toBeNull();
    expect(await poll()).toMatchObject({ said: ['r0=1', 'r1=2', 'r2=mb:exception-2'], failed: null });
  });

  it('goes on without the one address to which the device says nothing', async () => {
    const answer = (request: HeardRequest) => request.address <= 101 && request.address + request.count > 101;
    const raw = await peer((request, socket) => {
      if (!answer(request)) socket.write(registers(request, range(request.count)));
    });
    const { poll, poller } = await polling(raw.port, [0, 100, 101, 102, 103], { timeoutMs: 50 });
    for (let n = 0; n < 9; n++) expect((await poll()).failed).toBeNull();
    expect([...poller.refusals].map(([{ path }, code]) => `${path} ${code}`)).toEqual(['r101 mb:no-answer']);
    const settled = await poll();
    expect(settled.said.map((text) => text.split('=')[0])).toEqual(['r0', 'r100', 'r102', 'r103']);
  });

  it('refuses an answer that is none, once, and believes the next one that is', async () => {
    let short = true;
    const raw = await peer((request, socket) => socket.write(registers(request, short ? [1] : [1, 2])));
    const { poll } = await polling(raw.port, [0, 1]);
    const first = await poll();
    expect(first.said).toEqual(['r0=mb:malformed', 'r1=mb:malformed']);
    expect(first.polled.malformed).toMatchObject([{ detail: expect.stringContaining('where 4 were asked for') }]);
    expect((await poll()).polled.malformed).toEqual([]);
    short = false;
    expect((await poll()).said).toEqual(['r0=1', 'r1=2']);
  });

  it('never takes a late answer for that to the next request', async () => {
    /** Each answer but the first few says the transaction of its own request, one read behind. */
    const kept: HeardRequest[] = [];
    const slow = await peer((request, socket) => {
      kept.push(request);
      const before = kept.at(-2);
      if (before !== undefined) socket.write(registers(before, [before.transaction]));
    });
    const { poll } = await polling(slow.port, [0, 100], { timeoutMs: 50 });
    for (let n = 0; n < 3; n++) expect(await poll()).toMatchObject({ said: [], failed: { how: 'silent' } });
  });
});
