import type { Admission } from '@millrace/domain';
import { endpoint, NOW, task } from './dispatcher.fixture';
import { hindranceOf, isKeyOf, orderKeyOf, routeOf } from './route';

const test = { kind: 'test', id: 't' } as const;
const expired = { expiresAt: NOW - 1 };

describe('where a delivery that is due goes', () => {
  it.each([
    ['an endpoint that is well', task(), endpoint(), false, { kind: 'send' }],
    ['one that expires now', task({ expiresAt: NOW }), endpoint(), false, { kind: 'send' }],
    ['one that has expired', task(expired), endpoint(), false, { kind: 'end', status: 'expired', reason: 'expired' }],
    [
      'a contract that nobody knows',
      task({ contract: { name: 'none', version: 1 } }),
      endpoint(),
      false,
      { kind: 'end', status: 'failed', reason: 'unusable_task' },
    ],
    [
      "another tenant's endpoint",
      task(),
      endpoint({ tenant: 'other' }),
      false,
      { kind: 'end', status: 'failed', reason: 'unusable_task' },
    ],
    ['a paused endpoint', task(), endpoint({ status: 'paused' }), false, { kind: 'park', reason: 'endpoint_paused' }],
    ['a disabled one', task(), endpoint({ status: 'disabled' }), false, { kind: 'park', reason: 'endpoint_disabled' }],
    ['one that was disabled here', task(), endpoint(), true, { kind: 'park', reason: 'endpoint_disabled' }],
    ['a test of a paused one', task({ trigger: test }), endpoint({ status: 'paused' }), false, { kind: 'send' }],
    ['a test of one disabled here', task({ trigger: test }), endpoint(), true, { kind: 'send' }],
    ['a test that has expired', task({ trigger: test, ...expired }), endpoint(), false, { kind: 'end' }],
  ])('%s', (_what, of, at, disabledHere, expected) => {
    expect(routeOf(of, at, disabledHere, NOW)).toMatchObject(expected);
  });
});

describe('why a delivery has to wait, whatever its key says', () => {
  const send: Admission = { kind: 'send', limit: null };
  const probe: Admission = { kind: 'probe' };
  const wait: Admission = { kind: 'wait', until: NOW + 1 };

  it.each([
    ['it is up and nothing goes first', send, false, null],
    ['it is up and what is parked goes first', send, true, 'backlog'],
    ['it is to be probed', probe, false, null],
    ['it is to be probed, with what is parked', probe, true, 'endpoint_down'],
    ['it is down', wait, false, 'endpoint_down'],
    ['it is down and what is parked goes first', wait, true, 'endpoint_down'],
  ] as const)('%s', (_what, admitted, goesAfterParked, expected) => {
    expect(hindranceOf(admitted, goesAfterParked)).toBe(expected);
  });
});

describe('the key in whose order a delivery goes', () => {
  it.each([
    ['none', 'a', null],
    ['key', 'a', 'a'],
    ['key', '', null],
    ['key', null, null],
    ['strict', 'a', ''],
    ['strict', null, ''],
  ] as const)('with ordering "%s" and the subject %j: %j', (ordering, subject, expected) => {
    const key = orderKeyOf(task({ subject }), endpoint({ ordering }));
    expect(key).toBe(expected);
    if (key !== null) expect(isKeyOf(ordering, key)).toBe(true);
    expect(orderKeyOf(task({ subject, trigger: test }), endpoint({ ordering }))).toBeNull();
  });

  it.each([
    ['none', 'a'],
    ['none', ''],
    ['key', ''],
    ['strict', 'a'],
  ] as const)('can with ordering "%s" not be %j', (ordering, key) => {
    expect(isKeyOf(ordering, key)).toBe(false);
  });
});
