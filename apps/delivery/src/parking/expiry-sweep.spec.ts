import { encodeDelivery, type IncomingMessage } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { task } from '../dispatch/dispatcher.fixture';
import { OwnedPartition } from '../dispatch/owned-endpoint';
import { ExpirySweep } from './expiry-sweep';
import { Stretch } from './parked-records.reader';

const record = (offset: number, expiresAt: number): IncomingMessage => {
  const out = encodeDelivery('deliveries', { task: task({ expiresAt }), body: Buffer.from('{}'), traceparent: '' });
  return {
    topic: out.topic,
    partition: 0,
    offset: BigInt(offset),
    timestamp: 0,
    key: Buffer.from('ep_1'),
    value: out.value,
    headers: Object.fromEntries(Object.entries(out.headers).map(([name, value]) => [name, Buffer.from(value)])),
  };
};

describe('the sweep for what has expired', () => {
  it('looks again for what was parked while it looked', async () => {
    const partition = new OwnedPartition(0);
    const endpoint = partition.endpoint('ep_1');
    partition.backlogged.add(endpoint);
    endpoint.parked.add(0, 10);
    const expired: number[] = [];
    let ticks = 0;
    let now = 100;
    const sweep = new ExpirySweep(
      {
        partitions: () => [partition],
        expire: (_endpoint, _partition, { offset }) => expired.push(Number(offset)),
        now: () => now,
        ticks: () => ticks,
        fetch: async () => {
          const held = [record(0, 10), ...(endpoint.parked.has(5) ? [record(5, 200)] : [])];
          endpoint.parked.add(5, 200);
          return new Stretch(0, 0, 2_000, held);
        },
      },
      1,
      silentLogger,
    );
    sweep.sweep();
    await new Promise((resolve) => setImmediate(resolve));
    endpoint.parked.remove(0);
    now = 300;
    ticks = 100_000;
    sweep.sweep();
    await new Promise((resolve) => setImmediate(resolve));
    expect(expired).toEqual([0, 5]);
  });
});
