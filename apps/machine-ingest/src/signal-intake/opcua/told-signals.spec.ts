import type { Signal } from '@millrace/domain';
import { eventually } from '@millrace/test-environment';
import type { SourceContext } from '../source-kind';
import { conditionOf, messageOf, START, watchOf } from './events.fixture';
import { ToldSignals } from './told-signals';

const begin = () => {
  const log: Signal[] = [];
  const time = { now: 0 };
  const sink = { append: async (signals: readonly Signal[]) => void log.push(...signals) };
  const context = { tenant: 'default', name: 'press', cursor: null, clock: () => 0, newId: () => 'id', sink };
  const told = new ToldSignals({
    context: context as unknown as SourceContext,
    machines: ['press-01'],
    quietMs: 5_000,
    monotonic: () => time.now,
    count: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
  return { log, time, sink, told };
};

it('tells what a server has named of its conditions when it does not go on, once all that came before is stored', async () => {
  const { log, time, told } = begin();
  let stored = 0;
  const watch = watchOf();
  const hooks = { refreshRequired: () => undefined, stored: () => stored++ };
  told.message(messageOf(START, conditionOf('Door', true)), { session: {} as never, watch }, hooks);
  await eventually(() => stored === 1, 'the acknowledgement');
  time.now = 9_999;
  told.abandoned(watch);
  await told.empty();
  expect(log).toEqual([]);
  time.now = 10_000;
  told.abandoned(watch);
  told.abandoned(watch);
  await told.empty();
  expect(log).toMatchObject([{ path: 'Press/Door', kind: 'condition', flags: ['snapshot'] }]);
});

it('piles up no signs of life while nothing can be stored', async () => {
  const { log, time, sink, told } = begin();
  const { append } = sink;
  let goOn: () => void = () => undefined;
  const mayStore = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  sink.append = async (signals) => {
    await mayStore;
    await append(signals);
  };
  told.lifecycle('connected');
  for (let beat = 0; beat < 3; beat++) {
    await new Promise(setImmediate);
    time.now += 5_000;
    told.alive();
  }
  goOn();
  await told.empty();
  expect(log.map(({ value }) => value)).toEqual(['connected']);
  told.alive();
  told.alive();
  await told.empty();
  expect(log.map(({ value }) => value)).toEqual(['connected', 'alive']);
});
