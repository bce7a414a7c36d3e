import type { Event } from '@millrace/domain';
import type { Violation } from '@millrace/event-schema';
import { holdToRules } from './hold-to-rules';

const event = (type: string): Event => ({
  id: 'evt_1',
  key: 'k',
  sourceId: 'evt_1',
  tenant: 'acme',
  type,
  source: '/x',
  subject: null,
  time: '2026-01-15T10:30:00Z',
  data: '{}',
  traceparent: null,
});
const violation = (validation: Violation['validation']): Violation => ({
  validation,
  version: 2,
  path: 'data.qty',
  detail: 'must be integer',
});
/** Events of the type `reject` are rejected, of `warn` warned about; after `later` rules it is as that says. */
const rulesOf = (later?: (type: string) => Violation | null) => {
  const asked: string[] = [];
  let known = (type: string) => (type === 'reject' || type === 'warn' ? violation(type) : null);
  return {
    asked,
    judge: ({ type }: Event) => known(type),
    caughtUp: async () => {
      asked.push('caught up');
      if (later) known = later;
    },
  };
};

test('what fits passes, without a question', async () => {
  const rules = rulesOf();
  expect(await holdToRules([event('a'), event('b')], rules)).toEqual({ kind: 'fit', warnings: [null, null] });
  expect(rules.asked).toEqual([]);
});

test('a warning goes with its event', async () => {
  expect(await holdToRules([event('a'), event('warn')], rulesOf())).toEqual({
    kind: 'fit',
    warnings: [null, violation('warn')],
  });
});

test('one that is rejected refuses the request, and every one is named at its place', async () => {
  expect(await holdToRules([event('reject')], rulesOf())).toMatchObject({
    kind: 'refused',
    problem: {
      status: 422,
      code: 'invalid_event',
      detail: 'data.qty must be integer, by version 2 of the schema of reject. Nothing was published.',
      errors: [{ path: 'data.qty', code: 'schema_violation' }],
    },
  });
  const several = await holdToRules([event('a'), event('reject'), event('warn'), event('reject')], rulesOf());
  expect(several).toMatchObject({
    problem: {
      detail: expect.stringMatching(/^2 of 4 events do not fit/),
      errors: [{ path: '[1].data.qty' }, { path: '[3].data.qty' }],
    },
  });
});

test('a rule that was taken back meanwhile refuses nothing', async () => {
  const rules = rulesOf(() => null);
  expect(await holdToRules([event('reject')], rules)).toEqual({ kind: 'fit', warnings: [null] });
  expect(rules.asked).toEqual(['caught up']);
});
