import { decodeSourceIntake, type OutgoingMessage } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually } from '@millrace/test-environment';
import { lifecycleSignal } from '../../lifecycle-signal';
import { TakenMessages } from './taken-messages';

const place = { tenant: 'acme', machine: 'M-1', source: 'mes', session: 'x', proto: 'http' } as const;
const signals = (count: number) => [...Array(count).keys()].map((n) => lifecycleSignal(place, 'alive', n, n));
const mes = { tenant: 'acme', name: 'mes' };

const counting = (answer: () => Error | undefined = () => undefined) => {
  const sent: OutgoingMessage[] = [];
  let calls = 0;
  const taken = new TakenMessages({
    producer: {
      send: async (messages) => {
        calls++;
        const error = answer();
        if (error !== undefined) throw error;
        sent.push(...messages);
      },
    },
    topic: 't',
    clock: () => 7,
    logger: silentLogger,
    everyMs: 5,
  });
  const told = () => sent.map(({ key, value }) => decodeSourceIntake({ key: Buffer.from(key!), value }));
  return { taken, told, calls: () => calls };
};

test('what came is told by source, in one record for all of a while', async () => {
  const { taken, told } = counting();
  taken.stored(mes, signals(2));
  taken.stored(mes, signals(1));
  taken.stored(mes, []);
  taken.refused(mes);
  taken.stored({ tenant: 'acme', name: 'eclipse' }, signals(1));
  await taken.stop();
  const lastSignal = { machine: 'M-1', path: '$lifecycle', at: 7 };
  expect(told()).toEqual([
    { v: 1, ...mes, received: 3, refused: 1, lastRefusedAt: 7, lastSignal },
    { v: 1, tenant: 'acme', name: 'eclipse', received: 1, refused: 0, lastSignal },
  ]);
  await taken.stop();
  expect(told()).toHaveLength(2);
});

test('what Kafka did not take is told with what comes later', async () => {
  let failures = 2;
  const { taken, told, calls } = counting(() => (failures-- > 0 ? new Error('away') : undefined));
  taken.start();
  taken.stored(mes, signals(2));
  await eventually(() => calls() > 0, 'a first try');
  taken.stored(mes, signals(3));
  await eventually(() => told().length > 0, 'Kafka to take it');
  await taken.stop();
  expect(told().reduce((sum, intake) => sum + intake!.received, 0)).toBe(5);
});
