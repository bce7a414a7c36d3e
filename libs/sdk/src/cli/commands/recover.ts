import type { Millrace } from '../../client/millrace';
import type { Recovery } from '../../client/types/recovery';
import type { Command, Context } from '../command';
import { bold } from '../output';
import { instant } from '../time';
import { CommandFailed, UsageError } from '../usage-error';
import { agreed } from './retry';

const POLL_MS = 1_000;
const ENDS: readonly Recovery['state'][] = ['done', 'cancelled', 'failed'];

/** Follows a job to its end, or to Ctrl-C, which leaves it running. */
const follow = async (
  millrace: Millrace,
  begun: Recovery,
  { io }: Context,
  tell: (job: Recovery) => void,
): Promise<Recovery> => {
  const stop = io.interrupted();
  let job = begun;
  for (let shown = ''; ; ) {
    const now = `${job.state} ${job.counts.examined} ${job.counts.sent}`;
    if (now !== shown) tell(job);
    shown = now;
    if (ENDS.includes(job.state) || stop.aborted) return job;
    await io.sleep(POLL_MS, stop);
    job = await millrace.recoveries.get(job.id);
  }
};

export const recover: Command = {
  name: 'recover',
  summary: 'Deliver to an endpoint what it missed: counts first, then asks, then shows how far it is',
  parameters: ['<endpoint>'],
  options: {
    since: { type: 'string', value: '<time>', help: 'events accepted from then on: 15m, 2h, 7d, or RFC 3339 (needed)' },
    until: { type: 'string', value: '<time>', help: 'and before then; now unless told' },
    only: { type: 'string', value: '<what>', help: 'failed (unless told), missing or all' },
    types: { type: 'string', multiple: true, value: '<types>', help: 'only these event types, with commas between' },
    'per-second': { type: 'string', value: '<n>', help: 'at most so many a second; 100 unless told' },
    'dry-run': { type: 'boolean', help: 'count, and send nothing' },
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  },
  about: 'Ctrl-C leaves a job running that has begun; millrace says how to end it.',
  examples: [
    'millrace recover ep_… --since 1d',
    'millrace recover ep_… --since 2h --only missing --per-second 20 --yes',
  ],
  run: async (given, context) => {
    const { io, out, err, json } = context;
    const since = given.text('since');
    if (since === undefined) throw new UsageError('--since is missing: from when on?');
    const until = given.text('until');
    const types = given.list('types');
    const perSecond = given.number('per-second');
    const request = {
      since: instant('--since', since, io.now()),
      only: given.oneOf('only', ['failed', 'missing', 'all']) ?? ('failed' as const),
      ...(until === undefined ? {} : { until: instant('--until', until, io.now()) }),
      ...(types === undefined ? {} : { eventTypes: types }),
      ...(perSecond === undefined ? {} : { perSecond }),
    };
    const endpoint = given.positionals[0] as string;
    const millrace = await context.millrace();
    const dry = await follow(
      millrace,
      await millrace.endpoints.recover(endpoint, { ...request, dryRun: true }),
      context,
      () => {},
    );
    if (dry.state !== 'done') throw new CommandFailed(`The count did not come to its end: ${dry.error ?? dry.state}.`);
    if (!json) out.line(bold(dry.counts.qualified), ' would be delivered, of ', dry.counts.examined, ' looked at.');
    const wanted = dry.counts.qualified > 0 && !given.flag('dry-run');
    if (!wanted || !(await agreed(given.flag('yes'), 'Deliver them now?', context))) {
      if (json) out.json(dry);
      else if (wanted) out.line('Nothing was sent; --yes sends them.');
      return 0;
    }
    const begun = await millrace.endpoints.recover(endpoint, request);
    const job = await follow(millrace, begun, context, (each) => {
      if (!json) err.line(each.state.padEnd(10), each.counts.sent, ' of ', each.counts.qualified, ' sent');
    });
    if (json) out.json(job);
    if (job.state === 'failed') throw new CommandFailed(`The recovery ${job.id} failed: ${job.error ?? ''}`);
    if (job.state === 'cancelled') throw new CommandFailed(`The recovery ${job.id} was cancelled.`);
    if (!json && job.state === 'done') out.line('Done: ', bold(job.counts.sent), ' sent, by ', job.id);
    if (!json && job.state !== 'done')
      out.line(job.id, ' goes on by itself; POST /v1/recoveries/', job.id, '/cancel ends it.');
    return 0;
  },
};
