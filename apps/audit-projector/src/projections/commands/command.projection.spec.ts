import fc from 'fast-check';
import {
  createdFact,
  endedFact,
  parkedFact,
  refusedCommandFact,
  reopenedFact,
  sampleEvent,
  startedFact,
  T0,
} from '../../projector/sample-log.fixture';
import { type CommandRow, commandRow, mergeCommands } from './command.projection';

const created = createdFact(sampleEvent('evt-1'), 'ep_1');
const refused = refusedCommandFact(created, { at: T0 + 5, commandId: 'cmd_1', reason: 'in_flight' });
const reopened = { ...reopenedFact(created, 1, T0 + 9), commandId: 'cmd_1' };
const cancelled = endedFact(created, {
  at: T0 + 7,
  epoch: 2,
  reason: 'cancelled_by_command',
  by: 'key-2',
  commandId: 'cmd_2',
});

it.each([
  ['a refusal', refused, { commandId: 'cmd_1', command: 'retry', result: 'refused', reason: 'in_flight', by: 'key-1' }],
  ['a reopening', reopened, { commandId: 'cmd_1', command: 'retry', result: 'done', reason: '', at: T0 + 9 }],
  ['a cancellation', cancelled, { commandId: 'cmd_2', command: 'cancel', result: 'done', by: 'key-2' }],
  ['a skip', { ...cancelled, reason: 'skipped_by_command' as const }, { command: 'skip', result: 'done' }],
])('makes a row of %s', (_title, fact, row) => {
  expect(commandRow(fact)).toMatchObject({ deliveryId: created.deliveryId, tenant: 'default', ...row });
});

it.each([
  ['created', created],
  ['attempt-started', startedFact(created, 1, T0)],
  ['parked', parkedFact(created, { at: T0 })],
  ['an end that nobody asked for', endedFact(created, { at: T0 })],
])('makes none of %s', (_title, fact) => {
  expect(commandRow(fact)).toBeNull();
});

it('shows a command that was read again after it was carried out as carried out', () => {
  const [done, overtaken] = [commandRow(reopened)!, commandRow({ ...refused, reason: 'stale' })!];
  expect(mergeCommands(done, overtaken)).toEqual(done);
  expect(mergeCommands(overtaken, done)).toEqual(done);
});

it('does not depend on order, grouping or repeats', () => {
  const row: fc.Arbitrary<CommandRow> = fc.record({
    tenant: fc.constant('default'),
    deliveryId: fc.constant(created.deliveryId),
    commandId: fc.constant('cmd_1'),
    command: fc.constantFrom('retry', 'cancel', 'skip'),
    by: fc.constantFrom('a', 'b'),
    result: fc.constantFrom('done', 'refused'),
    reason: fc.constantFrom('', 'stale'),
    at: fc.nat(2),
  });
  fc.assert(
    fc.property(row, row, row, (a, b, c) => {
      expect(mergeCommands(a, b)).toEqual(mergeCommands(b, a));
      expect(mergeCommands(a, mergeCommands(b, c))).toEqual(mergeCommands(mergeCommands(a, b), c));
      expect(mergeCommands(a, a)).toEqual(a);
    }),
  );
});
