import { type Event, eventKey, timeForDeliveryId } from '@millrace/domain';
import { MatchIndex } from '../directory/match-index';
import { planDeliveries } from '../fan-out/plan-deliveries';
import { endpointOf, orderOf } from './orders.fixture';
import { recoveredDelivery } from './recovered-delivery';

const ACCEPTED = 1_760_000_000_000;
const DAY_MS = 86_400_000;
const NOW = ACCEPTED + 20 * DAY_MS;

const event: Event = {
  id: 'evt_1',
  key: eventKey('default', '/plant', 'evt_1'),
  sourceId: 'evt_1',
  tenant: 'default',
  type: 'machine.alarm',
  source: '/plant',
  subject: 'press-7',
  time: new Date(ACCEPTED - 5_000).toISOString(),
  data: '{"level":3}',
  traceparent: null,
};

const index = new MatchIndex();
index.put(endpointOf('ep_1'));
const entry = index.get('ep_1')!;

const byFanOut = planDeliveries({
  event,
  matches: [entry],
  acceptedAt: ACCEPTED,
  idTime: timeForDeliveryId(event.time, ACCEPTED),
  timeScale: 1,
  traceparent: '',
  traceId: '',
  now: ACCEPTED,
}).planned[0]!;

const recovered = (only: 'missing' | 'all', recoveryId = 'rec_1') =>
  recoveredDelivery(orderOf(recoveryId, { only }), event, entry, ACCEPTED, 1, NOW)!;

describe('the delivery that a recovery makes', () => {
  it('of a missing event is the one that fan-out would have made, with the replay and a time of its own', () => {
    const { record, created } = recovered('missing');
    expect(record.task).toEqual({
      ...byFanOut.record.task,
      replay: 'rec_1',
      expiresAt: byFanOut.record.task.expiresAt! + 20 * DAY_MS,
    });
    expect(record.body.equals(byFanOut.record.body)).toBe(true);
    expect(created).toMatchObject({
      deliveryId: byFanOut.created.deliveryId,
      trigger: { kind: 'event' },
      acceptedAt: ACCEPTED,
      bodySha256: byFanOut.created.bodySha256,
      at: NOW,
    });
  });

  it('of any event is one of its own for each recovery, the same whenever it is made', () => {
    const first = recovered('all');
    expect(first.record.task.deliveryId).not.toBe(byFanOut.record.task.deliveryId);
    expect(first.record.task).toMatchObject({ trigger: { kind: 'recovery', id: 'rec_1' }, replay: 'rec_1', epoch: 0 });
    expect(first.created).toMatchObject({
      deliveryId: first.record.task.deliveryId,
      trigger: { kind: 'recovery', id: 'rec_1' },
    });
    expect(recovered('all').record.task.deliveryId).toBe(first.record.task.deliveryId);
    expect(recovered('all', 'rec_2').record.task.deliveryId).not.toBe(first.record.task.deliveryId);
  });

  it('does not renew the time of what stays old by its contract', () => {
    const old = new MatchIndex();
    old.put({ ...endpointOf('ep_1'), contract: 'eclipse' });
    const { record } = recoveredDelivery(orderOf('rec_1', { only: 'all' }), event, old.get('ep_1')!, ACCEPTED, 1, NOW)!;
    expect(record.task.expiresAt).toBe(Date.parse(event.time) + 30 * DAY_MS);
  });

  it('is none where the contract has no body for the event', () => {
    const exact = new MatchIndex();
    exact.put({ ...endpointOf('ep_1'), contract: 'mes' });
    const inexact = { ...event, data: '{"n":1e400}' };
    expect(recoveredDelivery(orderOf('rec_1'), inexact, exact.get('ep_1')!, ACCEPTED, 1, NOW)).toBeNull();
  });
});
