import type { DeliveryFact, RetryDelivery } from '@millrace/protocol';
import { created, ended, finished, idOf, NOW, parked, reopened, started } from './facts.fixture';
import { FailedDeliveries } from './failed-deliveries';
import { RetryCommands } from './retry-commands';

const order = { recoveryId: 'rec_1', tenant: 'default', endpointId: 'ep_1', by: 'key_1' };

const commandsOf = (facts: readonly DeliveryFact[], renewed = true): RetryDelivery[] => {
  const failed = new FailedDeliveries({ endpointId: 'ep_1', since: 0, until: NOW + 1, wantsType: () => true }, 1_000);
  for (const fact of facts) failed.apply(fact);
  const commands = new RetryCommands(order, failed, renewed);
  return facts.flatMap((fact) => commands.commandFor(fact, NOW) ?? []);
};

describe('retries of failed deliveries', () => {
  it('carry what the owner needs: epoch, attempt, where the task lies, the place in the chain', () => {
    expect(
      commandsOf([
        created(1),
        started(1, { attempt: 1, recordOffset: 5 }),
        finished(1, 'retry'),
        started(1, { attempt: 2, recordOffset: 6 }),
        finished(1, 'failed', { attempt: 2 }),
      ]),
    ).toEqual([
      {
        v: 1,
        kind: 'retry',
        commandId: expect.stringMatching(/^rec_1_[0-9a-f]{24}$/),
        by: 'key_1',
        at: NOW,
        tenant: 'default',
        endpointId: 'ep_1',
        deliveryId: idOf(1),
        expectedEpoch: 0,
        attempt: 2,
        recordOffset: 6,
        chain: { sequence: 3, previousId: 'evt_before' },
        replay: 'rec_1',
        ended: true,
        force: true,
      },
    ]);
  });

  it('give no new time where the contract lets what is old stay old', () => {
    expect(commandsOf([created(1), ended(1, 'expired', { recordOffset: 12 })], false)).toMatchObject([
      { force: false },
    ]);
  });

  it.each<[string, DeliveryFact[], Partial<RetryDelivery>]>([
    [
      'an end without an attempt says itself where the task lies',
      [created(1), ended(1, 'expired', { recordOffset: 12 })],
      { recordOffset: 12, chain: null },
    ],
    [
      'expired after an attempt keeps the place of the first attempt',
      [created(1), started(1), finished(1, 'retry'), ended(1, 'expired', { recordOffset: 12, attempt: 2 })],
      { recordOffset: 12, attempt: 2, chain: { sequence: 3, previousId: 'evt_before' } },
    ],
    [
      'parked meanwhile',
      [
        created(1),
        started(1, { recordOffset: 5 }),
        parked(1, { recordOffset: 9 }),
        ended(1, 'expired', { recordOffset: null }),
      ],
      { recordOffset: 9, chain: { sequence: 3, previousId: 'evt_before' } },
    ],
    ['no record of it is known', [created(1), ended(1, 'failed', { recordOffset: null })], { recordOffset: null }],
    [
      'under a later epoch',
      [
        created(1),
        finished(1, 'failed'),
        reopened(1, 1),
        started(1, { epoch: 1, recordOffset: 20 }),
        finished(1, 'failed', { epoch: 1 }),
      ],
      { expectedEpoch: 1, recordOffset: 20 },
    ],
  ])('%s', (_name, facts, expected) => {
    expect(commandsOf(facts)).toEqual([expect.objectContaining(expected)]);
  });

  it('ask once for an end that a crash wrote twice, and never for one that is not the last state', () => {
    expect(commandsOf([created(1), finished(1, 'failed'), finished(1, 'failed')])).toHaveLength(1);
    expect(commandsOf([created(1), finished(1, 'failed'), finished(1, 'succeeded')])).toEqual([]);
    expect(commandsOf([finished(1, 'failed')])).toEqual([]);
  });

  it('have the same id whenever they are made, and another one for each epoch and recovery', () => {
    const [first] = commandsOf([created(1), finished(1, 'failed')]);
    const [again] = commandsOf([created(1), started(1), finished(1, 'failed')]);
    const [later] = commandsOf([created(1), reopened(1, 1), finished(1, 'failed', { epoch: 1 })]);
    expect(again!.commandId).toBe(first!.commandId);
    expect(later!.commandId).not.toBe(first!.commandId);
  });
});
