import { DELIVERY_STATUSES } from '@millrace/protocol';
import { decideCommand } from './command-rule';

/** One row for each status: retry, retry by force, cancel, skip, skip with others behind. */
const TABLE = {
  pending: ['delivery_pending', 'delivery_pending', 'send', 'delivery_pending', 'delivery_pending'],
  retrying: ['send', 'send', 'send', 'nothing_waits_behind', 'send'],
  parked: ['delivery_parked', 'delivery_parked', 'send', 'delivery_parked', 'delivery_parked'],
  succeeded: [
    'delivery_succeeded',
    'delivery_succeeded',
    'delivery_succeeded',
    'delivery_succeeded',
    'delivery_succeeded',
  ],
  failed: ['send', 'send', 'delivery_ended', 'delivery_ended', 'delivery_ended'],
  cancelled: ['send', 'send', 'delivery_ended', 'delivery_ended', 'delivery_ended'],
  expired: ['delivery_expired', 'send', 'delivery_ended', 'delivery_ended', 'delivery_ended'],
} as const;

it.each(DELIVERY_STATUSES)('decides every command on a delivery that is %s', (status) => {
  const decisions = [
    decideCommand({ kind: 'retry', force: false }, status, false),
    decideCommand({ kind: 'retry', force: true }, status, true),
    decideCommand({ kind: 'cancel' }, status, false),
    decideCommand({ kind: 'skip' }, status, false),
    decideCommand({ kind: 'skip' }, status, true),
  ];
  expect(decisions.map((decision) => (decision.kind === 'send' ? 'send' : decision.code))).toEqual(TABLE[status]);
});
