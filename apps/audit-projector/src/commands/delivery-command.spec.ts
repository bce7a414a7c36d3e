import { newCommandId, repeatableCommandId } from './command-id';
import type { CommandTarget } from './command-target.store';
import { deliveryCommand } from './delivery-command';

const target: CommandTarget = {
  delivery_id: '0199c1a2-7c3d-8abc-9def-001122334455',
  endpoint_id: 'ep_1',
  status: 'failed',
  epoch: 2,
  attempt: 10,
  record_offset: '90071992547',
  sequence: '41',
  previous_event_id: 'evt_40',
  created_at: '1000',
};
const asked = { commandId: 'cmd_1', by: 'key-1', at: 5 };
const subject = {
  v: 1,
  commandId: 'cmd_1',
  by: 'key-1',
  at: 5,
  tenant: 'acme',
  endpointId: 'ep_1',
  deliveryId: target.delivery_id,
  expectedEpoch: 2,
  attempt: 10,
  recordOffset: 90_071_992_547,
};

it('fences a retry by the epoch, and keeps the place of the delivery', () => {
  expect(deliveryCommand('acme', target, { kind: 'retry', force: true }, asked)).toEqual({
    ...subject,
    kind: 'retry',
    chain: { sequence: 41, previousId: 'evt_40' },
    replay: 'cmd_1',
    ended: true,
    force: true,
  });
});

it.each([
  ['failed', true],
  ['expired', true],
  ['cancelled', false],
  ['retrying', false],
] as const)('says of one that is %s whether nothing of it can wait in a tier: %j', (status, ended) => {
  expect(deliveryCommand('acme', { ...target, status }, { kind: 'retry', force: true }, asked)).toMatchObject({
    ended,
  });
});

it.each([
  ['no place', { sequence: null, previous_event_id: null }, null],
  ['the first place', { sequence: '1', previous_event_id: '' }, { sequence: 1, previousId: null }],
])('gives a delivery with %s the same again', (_title, over, chain) => {
  expect(deliveryCommand('acme', { ...target, ...over }, { kind: 'retry', force: false }, asked)).toMatchObject({
    chain,
  });
});

it('says of a delivery without a record that it has none', () => {
  const command = deliveryCommand('acme', { ...target, record_offset: null }, { kind: 'cancel' }, asked);
  expect(command).toEqual({ ...subject, kind: 'cancel', recordOffset: null });
});

it('names a repeat of a request the same, and nothing else', () => {
  const id = repeatableCommandId('acme', 'k', 'retry', target.delivery_id);
  expect(id).toMatch(/^cmd_[0-9a-f]{26}$/);
  expect(repeatableCommandId('acme', 'k', 'retry', target.delivery_id)).toBe(id);
  const others = [
    repeatableCommandId('default', 'k', 'retry', target.delivery_id),
    repeatableCommandId('acme', 'l', 'retry', target.delivery_id),
    repeatableCommandId('acme', 'k', 'cancel', target.delivery_id),
    repeatableCommandId('acme', 'k', 'retry', 'another'),
    newCommandId((bytes) => Buffer.alloc(bytes, 7)),
  ];
  expect(new Set([id, ...others]).size).toBe(6);
  expect(others.at(-1)).toBe(`cmd_${'07'.repeat(13)}`);
});
