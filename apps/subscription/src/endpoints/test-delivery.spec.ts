import { contractNamed, type Endpoint, isDeliveryId, timeOfDeliveryId } from '@millrace/domain';
import { testDelivery } from './test-delivery';

const standard = contractNamed('standard')!;
const endpoint = { id: 'ep_1', tenant: 'acme', contract: 'standard' } as Endpoint;
const now = Date.parse('2026-02-01T00:00:00.000Z');
const test1 = { testId: 't1', eventType: 'machine.alarm', data: { code: 17 } };

test('the body is what the contract makes of an example', () => {
  const { body, task } = testDelivery(endpoint, standard, test1, now, 1)!;
  expect(body.toString()).toBe(
    '{"id":"evt_test_t1","type":"machine.alarm","timestamp":"2026-02-01T00:00:00.000Z","data":{"code":17}}',
  );
  expect(task).toMatchObject({
    eventId: 'evt_test_t1',
    eventType: 'machine.alarm',
    tenant: 'acme',
    endpointId: 'ep_1',
  });
});

test('it is a first attempt that is due now', () => {
  const { task } = testDelivery(endpoint, standard, test1, now, 1)!;
  expect(task).toMatchObject({
    attempt: 1,
    epoch: 0,
    remainingDelayMs: 0,
    subject: null,
    chain: null,
    replay: null,
    trigger: { kind: 'test', id: 't1' },
  });
  expect(task.expiresAt).toBe(now + standard.expiry.ms);
  expect(testDelivery(endpoint, standard, test1, now, 0.001)!.task.expiresAt).toBe(now + standard.expiry.ms / 1000);
});

test('each test is a delivery of its own', () => {
  const first = testDelivery(endpoint, standard, test1, now, 1)!.task.deliveryId;
  const second = testDelivery(endpoint, standard, { ...test1, testId: 't2' }, now, 1)!.task.deliveryId;
  expect(isDeliveryId(first)).toBe(true);
  expect(timeOfDeliveryId(first)).toBe(now);
  expect(first).not.toBe(second);
});
