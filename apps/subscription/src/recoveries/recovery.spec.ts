import {
  decodeRecoveryOrder,
  encodeRecoveryOrder,
  type RecoveryProgress,
  type RecoveryState,
} from '@millrace/protocol';
import fc from 'fast-check';
import { afterProgress, newRecovery, orderOf, type Recovery, type Steering, steer } from './recovery';

const fresh = newRecovery({
  tenant: 'acme',
  id: 'rec_1',
  endpointId: 'ep_1',
  only: 'failed',
  since: 1_000,
  until: 2_000,
  eventTypes: ['a.*'],
  dryRun: false,
  perSecond: 100,
  createdBy: 'key-1',
  createdAt: 5_000,
});
const progress = (more: Partial<RecoveryProgress> = {}): RecoveryProgress => ({
  v: 1,
  recoveryId: 'rec_1',
  tenant: 'acme',
  endpointId: 'ep_1',
  version: 1,
  state: 'running',
  counts: { examined: 10, qualified: 5, sent: 1 },
  cursor: null,
  error: null,
  at: 6_000,
  ...more,
});

test('a new job counts, and its order is readable by the delivery service', () => {
  expect(fresh).toMatchObject({ state: 'counting', wanted: 'run', version: 1, updatedAt: 5_000 });
  expect(decodeRecoveryOrder(encodeRecoveryOrder('t', orderOf(fresh)))).toEqual(orderOf(fresh));
  expect(orderOf(fresh)).toMatchObject({ recoveryId: 'rec_1', wanted: 'run', by: 'key-1', since: 1_000, until: 2_000 });
});

describe('steering', () => {
  const at = (state: RecoveryState, wanted: Recovery['wanted'] = 'run'): Recovery => ({ ...fresh, state, wanted });
  const changed = (wanted: Recovery['wanted']) => ({
    kind: 'changed',
    recovery: { wanted, version: 2, updatedAt: 9_000 },
  });
  const same = { kind: 'same' };
  const refused = { kind: 'refused' };

  test.each<[Steering, Recovery, object]>([
    ['pause', at('counting'), changed('pause')],
    ['pause', at('running'), changed('pause')],
    ['pause', at('running', 'pause'), same],
    ['pause', at('paused', 'pause'), same],
    ['pause', at('paused', 'run'), changed('pause')],
    ['resume', at('running'), same],
    ['resume', at('paused', 'pause'), changed('run')],
    ['resume', at('running', 'pause'), changed('run')],
    ['cancel', at('counting'), changed('cancel')],
    ['cancel', at('paused', 'pause'), changed('cancel')],
    ['cancel', at('running', 'cancel'), same],
    ['cancel', at('cancelled', 'cancel'), same],
    ['cancel', at('cancelled'), same],
    ['cancel', at('done'), refused],
    ['cancel', at('failed'), refused],
    ['pause', at('running', 'cancel'), refused],
    ['resume', at('paused', 'cancel'), refused],
    ['pause', at('done'), refused],
    ['resume', at('done'), refused],
    ['resume', at('cancelled', 'cancel'), refused],
    ['resume', at('failed'), refused],
  ])('%s of %j', (action, recovery, expected) => {
    expect(steer(recovery, action, 9_000)).toMatchObject(expected);
  });

  test('a refusal says why', () => {
    expect(steer(at('done'), 'pause', 0)).toEqual({
      kind: 'refused',
      detail: 'The recovery has ended (done); start another one.',
    });
    expect(steer(at('running', 'cancel'), 'pause', 0)).toEqual({
      kind: 'refused',
      detail: 'The recovery is being cancelled; start another one.',
    });
  });
});

describe('progress', () => {
  const told = (...all: RecoveryProgress[]): Recovery =>
    all.reduce((recovery, each) => afterProgress(recovery, each) ?? recovery, fresh);

  test('is written down', () => {
    expect(told(progress())).toEqual({
      ...fresh,
      state: 'running',
      counts: { examined: 10, qualified: 5, sent: 1 },
      progressVersion: 1,
      progressAt: 6_000,
      updatedAt: 6_000,
    });
  });

  test.each<[string, RecoveryProgress[], Partial<Recovery>]>([
    [
      'what was said earlier is passed over',
      [progress({ at: 7_000, state: 'paused' }), progress()],
      { state: 'paused' },
    ],
    [
      'a newer order counts more than a later clock',
      [progress({ version: 2, state: 'paused', at: 6_000 }), progress({ at: 8_000 })],
      { state: 'paused' },
    ],
    ['an end is an end', [progress({ state: 'done' }), progress({ at: 9_000, version: 2 })], { state: 'done' }],
    [
      'a failure has its sentence',
      [progress({ state: 'failed', error: 'The log is gone.' })],
      { state: 'failed', error: 'The log is gone.' },
    ],
    ['the clock of the row does not go back', [progress({ at: 100 })], { updatedAt: 5_000, progressAt: 100 }],
  ])('%s', (_, records, expected) => {
    expect(told(...records)).toMatchObject(expected);
  });

  test('repeats, in runs as a consumer repeats them, change nothing', () => {
    const record = fc.record({
      version: fc.integer({ min: 1, max: 3 }),
      at: fc.integer({ min: 0, max: 5 }),
      state: fc.constantFrom<RecoveryState>('counting', 'running', 'paused', 'done', 'cancelled'),
      sent: fc.nat(100),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), fc.nat(8), (records, from) => {
        const log = records.map(({ sent, ...each }) =>
          progress({ ...each, counts: { examined: 0, qualified: 0, sent } }),
        );
        const once = told(...log);
        expect(told(...log, ...log.slice(Math.min(from, log.length)))).toEqual(once);
      }),
    );
  });
});
