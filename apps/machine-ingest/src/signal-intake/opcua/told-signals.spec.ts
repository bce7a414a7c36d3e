import type { Signal } from '@millrace/domain';
import { eventually } from '@millrace/test-environment';
import type { SourceContext } from '../source-kind';
import { conditionOf, messageOf, START, watchOf } from './events.fixture';
import { ToldSignals } from './told-signals';

it('tells what a server has named of its conditions when it does not go on, once all that came before is stored', async () => {
  const log: Signal[] = [];
  let now = 0;
  let stored = 0;
  const context = {
    tenant: 'default',
    name: 'press',
    cursor: null,
    clock: () => 0,
    newId: () => 'id',
    sink: { append: async (signals: readonly Signal[]) => void log.push(...signals) },
  } as unknown as SourceContext;
  const told = new ToldSignals({
    context,
    machines: ['press-01'],
    quietMs: 5_000,
    monotonic: () => now,
    stopping: new AbortController().signal,
    count: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
  const watch = watchOf();
  const hooks = { refreshRequired: () => undefined, stored: () => stored++ };
  told.message(messageOf(START, conditionOf('Door', true)), { session: {} as never, watch }, hooks);
  await eventually(() => stored === 1, 'the acknowledgement');
  now = 9_999;
  told.abandoned(watch);
  await told.empty();
  expect(log).toEqual([]);
  now = 10_000;
  told.abandoned(watch);
  told.abandoned(watch);
  await told.empty();
  expect(log).toMatchObject([{ path: 'Press/Door', kind: 'condition', flags: ['snapshot'] }]);
});
