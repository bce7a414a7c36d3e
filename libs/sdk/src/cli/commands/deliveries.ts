import type { Delivery, DeliveryDetail, DeliveryQuery, DeliveryStatus } from '../../client/types/delivery';
import type { Command, Given, Options } from '../command';
import { bold, dim, type Output, type Part, styled } from '../output';
import { instant, shortTime } from '../time';

const STATUSES: readonly DeliveryStatus[] = [
  'pending',
  'retrying',
  'parked',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
];
const STYLE_OF = {
  pending: 'dim',
  retrying: 'yellow',
  parked: 'yellow',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'dim',
  expired: 'red',
} as const;
const status = (delivery: Delivery): Part => styled(STYLE_OF[delivery.status] ?? 'dim')(delivery.status);

const FILTER: Options = {
  endpoint: { type: 'string', value: '<endpoint>', help: 'only of this endpoint' },
  type: { type: 'string', value: '<type>', help: 'only of this event type' },
  event: { type: 'string', value: '<event>', help: 'only of this event' },
  status: { type: 'string', value: '<status>', help: STATUSES.join(', ') },
};

const queryFrom = (given: Given, now: number): DeliveryQuery => {
  const since = given.text('since');
  return {
    endpointId: given.text('endpoint'),
    eventType: given.text('type'),
    eventId: given.text('event'),
    status: given.oneOf('status', STATUSES),
    from: since === undefined ? undefined : instant('--since', since, now),
  };
};

const list: Command = {
  name: 'deliveries list',
  summary: 'List deliveries, newest first',
  options: {
    ...FILTER,
    since: { type: 'string', value: '<time>', help: 'made from this time on: 15m, 2h, 7d, or RFC 3339' },
    limit: { type: 'string', value: '<n>', help: 'so many at most; 50 unless told' },
  },
  run: async (given, { io, out, json, millrace }) => {
    const limit = given.wholeNumber('limit', 1, 100_000) ?? 50;
    const query = { ...queryFrom(given, io.now()), limit: Math.min(limit, 200) };
    const deliveries = await (await millrace()).deliveries.list(query).take(limit);
    if (json) out.json(deliveries, 2);
    else if (deliveries.length === 0) out.line('No deliveries.');
    else
      out.table(
        ['CREATED', 'STATUS', 'ATTEMPTS', 'LAST', 'TYPE', 'ENDPOINT', 'ID'],
        deliveries.map((each) => [
          shortTime(each.createdAt),
          status(each),
          each.attemptCount,
          each.lastOutcome,
          each.eventType,
          each.endpointId,
          each.id,
        ]),
      );
    return 0;
  },
};

const showDetail = (out: Output, delivery: DeliveryDetail): void => {
  const rows: [string, Part][] = [
    ['id', bold(delivery.id)],
    ['event', `${delivery.eventId}  ${delivery.eventType}`],
    ['endpoint', delivery.endpointId],
    ['status', status(delivery)],
  ];
  if (delivery.statusReason !== null) rows.push(['because', delivery.statusReason]);
  if (delivery.nextAttemptAt !== null) rows.push(['next', delivery.nextAttemptAt]);
  if (delivery.sequence !== null) rows.push(['sequence', delivery.sequence]);
  for (const [name, value] of rows) out.line(name.padEnd(10), value);
  for (const attempt of delivery.attempts) {
    const took = attempt.durationMs === null ? '' : `  ${attempt.durationMs} ms`;
    out.line('attempt   ', attempt.number, '  ', shortTime(attempt.startedAt), '  ', attempt.outcome, dim(took));
    if (attempt.error !== null) out.line('          ', dim(attempt.error));
    const body = attempt.response?.body ?? '';
    if (body !== '') out.line('          ', dim(body.length > 200 ? `${body.slice(0, 200)}…` : body));
  }
  for (const command of delivery.commands)
    out.line(
      'command   ',
      command.command,
      '  ',
      command.result,
      command.reason === null ? '' : ` (${command.reason})`,
    );
};

const show: Command = {
  name: 'deliveries show',
  summary: 'Show a delivery with all its attempts',
  parameters: ['<delivery>'],
  run: async (given, { out, json, millrace }) => {
    const delivery = await (await millrace()).deliveries.get(given.positionals[0] as string);
    if (json) out.json(delivery, 2);
    else showDetail(out, delivery);
    return 0;
  },
};

/** Those of the page that are new or have changed, oldest first, and what is known then. Pure. */
export const changesOf = (
  known: ReadonlyMap<string, string>,
  page: readonly Delivery[],
): { readonly changed: readonly Delivery[]; readonly known: ReadonlyMap<string, string> } => {
  const mark = (each: Delivery) => `${each.status} ${each.attemptCount} ${each.lastOutcome}`;
  const changed = page.filter((each) => known.get(each.id) !== mark(each)).toReversed();
  return { changed, known: new Map(page.map((each) => [each.id, mark(each)])) };
};

/** RFC 3339. When it ended, or was made; of what happens in between the list has no time, so when it was seen. Pure. */
const changedAt = (delivery: Delivery, seenAt: number): string => {
  if (delivery.completedAt) return delivery.completedAt;
  return delivery.status === 'pending' && delivery.attemptCount === 0
    ? delivery.createdAt
    : new Date(seenAt).toISOString();
};

const TAIL_MS = 1_000;

const tail: Command = {
  name: 'deliveries tail',
  summary: 'Show deliveries as they come and change, until Ctrl-C',
  options: FILTER,
  about:
    'Looks at the newest 200 once a second. The time is that of the change: when it was made, when it ended, otherwise when the\nchange was seen. With --json one line for each change, with that time as "at".',
  run: async (given, { io, out, json, millrace }) => {
    const stop = io.interrupted();
    const site = await millrace();
    const query = { ...queryFrom(given, io.now()), limit: 200 };
    // What is there already is no news; what changes of it is.
    let known: ReadonlyMap<string, string> = changesOf(
      new Map(),
      (await site.deliveries.list(query).first()).data,
    ).known;
    while (!stop.aborted) {
      const page = await site.deliveries.list(query).first();
      const news = changesOf(known, page.data);
      known = news.known;
      const changes = news.changed
        .map((each) => ({ each, at: changedAt(each, io.now()) }))
        .toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
      for (const { each, at } of changes) {
        if (json) out.json({ at, ...each });
        else
          out.line(
            dim(shortTime(at)),
            '  ',
            status(each),
            ' '.repeat(Math.max(1, 11 - each.status.length)),
            each.eventType,
            '  ',
            dim(`${each.endpointId}  ${each.id}  attempts ${each.attemptCount}  ${each.lastOutcome ?? ''}`),
          );
      }
      await io.sleep(TAIL_MS, stop);
    }
    return 0;
  },
};

export const deliveryCommands: readonly Command[] = [list, show, tail];
