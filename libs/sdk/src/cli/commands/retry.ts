import type { RetryManyRequest } from '../../client/types/delivery';
import type { Command, Context } from '../command';
import { bold } from '../output';
import { instant } from '../time';
import { Unanswered, UsageError } from '../usage-error';

/** Asks the person at the terminal, whose Ctrl-D is a no; without one the answer is no, unless `--yes` gave it before. */
export const agreed = async (yes: boolean, question: string, { io, json }: Context): Promise<boolean> => {
  if (yes) return true;
  if (json || !io.stdin.isTTY) return false;
  try {
    return /^y(es)?$/i.test((await io.ask(`${question} [y/N] `, false)).trim());
  } catch (error) {
    if (error instanceof Unanswered && error.by === 'end') return false;
    throw error;
  }
};

const many = async (request: RetryManyRequest, yes: boolean, context: Context): Promise<number> => {
  const { out, json } = context;
  const millrace = await context.millrace();
  const counted = await millrace.deliveries.retryMany({ ...request, dryRun: true });
  const match = counted.matched === 1 ? ' delivery matches' : ' deliveries match';
  if (!json) out.line(bold(counted.matched), match, counted.more ? ', and there are more.' : '.');
  const go = counted.matched > 0 && (await agreed(yes, 'Retry them now?', context));
  const done = go ? await millrace.deliveries.retryMany(request) : counted;
  if (json) out.json(done);
  else if (go)
    out.line(
      'Asked for ',
      bold(done.sent),
      done.sent === 1 ? ' retry.' : ' retries.',
      done.more ? ' Call it again for those that are left.' : '',
    );
  else if (counted.matched > 0) out.line('Nothing was sent; --yes sends them.');
  return 0;
};

export const retry: Command = {
  name: 'retry',
  summary: 'Try one delivery again, or all that match (counted first)',
  parameters: ['[delivery]'],
  options: {
    force: { type: 'boolean', help: 'also when its time has run out; needs --reason' },
    reason: { type: 'string', value: '<text>', help: 'why' },
    endpoint: { type: 'string', value: '<endpoint>', help: 'all of this endpoint' },
    type: { type: 'string', value: '<type>', help: 'all of this event type' },
    since: { type: 'string', value: '<time>', help: 'all that were made from this time on: 15m, 2h, 7d, or RFC 3339' },
    status: { type: 'string', value: '<status>', help: 'failed (unless told), cancelled or retrying' },
    limit: { type: 'string', value: '<n>', help: 'so many at most, the newest first; 1,000 unless told' },
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  },
  examples: ['millrace retry 0199c1a2-7c3d-8abc-9def-000000000001', 'millrace retry --endpoint ep_… --since 2h'],
  run: async (given, context) => {
    const [delivery] = given.positionals;
    const since = given.text('since');
    const filter = {
      endpointId: given.text('endpoint'),
      eventType: given.text('type'),
      from: since === undefined ? undefined : instant('--since', since, context.io.now()),
      status: given.oneOf('status', ['failed', 'cancelled', 'retrying']),
    };
    const limit = given.wholeNumber('limit', 1, 10_000);
    if (delivery === undefined) {
      if ((filter.endpointId ?? filter.eventType ?? filter.from) === undefined)
        throw new UsageError('Name a delivery, or at least one of --endpoint, --type and --since.');
      return many({ filter, ...(limit === undefined ? {} : { limit }) }, given.flag('yes'), context);
    }
    if ([...Object.values(filter), limit].some((value) => value !== undefined))
      throw new UsageError('Name one delivery, or those that match, not both.');
    if (given.flag('force') && given.text('reason') === undefined) throw new UsageError('--force needs --reason.');
    const reason = given.text('reason');
    const answer = await (await context.millrace()).deliveries.retry(delivery, {
      ...(given.flag('force') ? { force: true } : {}),
      ...(reason === undefined ? {} : { reason }),
    });
    if (context.json) context.out.json(answer);
    else context.out.line('On its way; what became of it: millrace deliveries show ', answer.deliveryId);
    return 0;
  },
};
