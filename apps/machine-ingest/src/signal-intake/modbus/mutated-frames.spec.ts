import { silentLogger } from '@millrace/telemetry';
import { eventually, randomFrom } from '@millrace/test-environment';
import { MemorySink } from '../source-conformance.fixture';
import { modbusSourceKind } from './modbus.kind';
import { modbusSettings } from './modbus-settings';
import { RawPeer, registers } from './raw-peer.fixture';

/** What stands in each register; of an answer only what comes before the data is ever mutated, since nothing guards the data. */
const truth = (address: number): number => (address * 7 + 3) % 65_536;
const ADDRESSES = [0, 1, 40, 100, 101, 102, 200];
/** Header, function and number of bytes. */
const GUARDED = 9;

it('lives through 100 mutated answers between right ones, and never tells a value that is not there', async () => {
  const random = randomFrom(1979);
  const below = (most: number) => Math.floor(random() * most);
  let mutated = 0;
  const peer = await RawPeer.start((request, socket) => {
    let bytes = registers(
      request,
      Array.from({ length: request.count }, (_, n) => truth(request.address + n)),
    );
    if (random() < 0.7) {
      mutated++;
      for (let edits = 1 + below(2); edits > 0; edits--) {
        const at = below(GUARDED);
        const put = Buffer.from(random() < 0.2 ? [] : [below(256)]);
        bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + 1)]);
      }
    }
    const cut = below(bytes.length);
    socket.write(bytes.subarray(0, cut));
    socket.write(bytes.subarray(cut));
  });
  const sink = new MemorySink();
  const items = ADDRESSES.map((address) => ({ path: `r${address}`, table: 'holding', address, type: 'uint16' }));
  const settings = modbusSettings.parse({
    host: '127.0.0.1',
    port: peer.port,
    intervalMs: 10,
    timeoutMs: 50,
    devices: [{ machine: 'M', items }],
  });
  let sessions = 0;
  const source = modbusSourceKind.open(settings, {
    tenant: 'default',
    name: 'mutated',
    sink,
    cursor: null,
    logger: silentLogger,
    clock: Date.now,
    // no pauses between the connections
    random: () => 0,
    newId: () => `s${++sessions}`,
    folder: '',
  });
  source.start();
  await eventually(() => mutated >= 100 || Promise.reject(mutated), 'all mutated answers', 25_000);
  await source.stop();
  await peer.stop();
  const values = sink.appended.filter(({ path, value }) => !path.startsWith('$') && value !== null);
  expect(values.filter(({ path, value }) => value !== truth(Number(path.slice(1))))).toEqual([]);
  expect(new Set(values.map(({ path }) => path))).toEqual(new Set(items.map(({ path }) => path)));
  expect(sink.refused.length).toBeGreaterThan(20);
  expect(sink.refused.every(({ bytes }) => bytes.length <= 1_024)).toBe(true);
});
