import type { CreatedEndpoint, Endpoint, NewEndpoint } from '../../client/types/endpoint';
import type { Filter } from '../../client/types/filter';
import type { Command, Options } from '../command';
import { bold, type Output, type Part, styled } from '../output';
import { UsageError } from '../usage-error';

const STYLE_OF = { active: 'green', paused: 'yellow', down: 'red', disabled: 'red' } as const;
const status = (endpoint: Endpoint): Part => styled(STYLE_OF[endpoint.status] ?? 'dim')(endpoint.status);

const show = (out: Output, endpoint: Endpoint): void => {
  const rows: [string, Part][] = [
    ['id', bold(endpoint.id)],
    ['url', endpoint.url],
    ['types', endpoint.eventTypes.join(' ')],
    ['contract', endpoint.contract],
    ['status', status(endpoint)],
    ['since', endpoint.statusSince],
    ['parked', endpoint.parked],
  ];
  if (endpoint.statusReason !== null) rows.push(['because', endpoint.statusReason]);
  if (endpoint.nextProbeAt !== null) rows.push(['next probe', endpoint.nextProbeAt]);
  if (endpoint.filter !== null) rows.push(['filter', JSON.stringify(endpoint.filter)]);
  if (endpoint.description !== null) rows.push(['description', endpoint.description]);
  for (const [name, value] of rows) out.line(name.padEnd(12), value);
};

const ID = '<endpoint>';
const idIn = ({ positionals }: { readonly positionals: readonly string[] }) => positionals[0] as string;

/** A command about one endpoint that answers the endpoint as it is then. */
const about = (
  name: string,
  summary: string,
  ask: (id: string, millrace: Awaited<ReturnType<Parameters<Command['run']>[1]['millrace']>>) => Promise<Endpoint>,
): Command => ({
  name: `endpoints ${name}`,
  summary,
  parameters: [ID],
  run: async (given, { out, json, millrace }) => {
    const endpoint = await ask(idIn(given), await millrace());
    if (json) out.json(endpoint, 2);
    else show(out, endpoint);
    return 0;
  },
});

const SETTINGS: Options = {
  types: {
    type: 'string',
    multiple: true,
    value: '<types>',
    help: 'event types with commas between: machine.*,order.shipped; * for all',
  },
  contract: { type: 'string', value: '<contract>', help: 'standard (default), eclipse, eclips, proign, mes, nentropy' },
  filter: { type: 'string', value: '<json>', help: 'which events of these types, as JSON' },
  description: { type: 'string', value: '<text>', help: 'for people' },
  ordering: { type: 'string', value: '<order>', help: 'none (default), key or strict' },
  header: { type: 'string', multiple: true, value: '<name: value>', help: 'sent with every request; may be repeated' },
  'timeout-ms': { type: 'string', value: '<ms>', help: 'of one request' },
  secret: { type: 'string', value: '<whsec_…>', help: 'leave it out and one is made' },
  'start-from': { type: 'string', value: '<time>', help: 'deliver the matching events since then, too' },
};

export const headersFrom = (lines: readonly string[]): { [name: string]: string } =>
  Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new UsageError(`--header: ${line} is not "name: value".`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );

const create: Command = {
  name: 'endpoints create',
  summary: 'Create an endpoint; its secret is shown once, here',
  parameters: ['<url>'],
  options: SETTINGS,
  examples: [
    'millrace endpoints create https://erp.example.com/hook --types "order.*"',
    `millrace endpoints create https://erp.example.com/hook --types machine.alarm --filter '{"machine": "RF-1"}'`,
  ],
  run: async (given, { out, json, millrace }) => {
    const headers = headersFrom(given.each('header'));
    const text = (option: string, name: keyof NewEndpoint) => {
      const value = given.text(option);
      return value === undefined ? {} : { [name]: value };
    };
    const timeoutMs = given.wholeNumber('timeout-ms', 100, 30_000);
    const ordering = given.oneOf('ordering', ['none', 'key', 'strict']);
    const filter = given.json('filter') as Filter | undefined;
    const endpoint: NewEndpoint = {
      url: given.positionals[0] as string,
      eventTypes: given.list('types') ?? ['*'],
      ...text('contract', 'contract'),
      ...text('description', 'description'),
      ...text('secret', 'secret'),
      ...text('start-from', 'startFrom'),
      ...(filter === undefined ? {} : { filter }),
      ...(ordering === undefined ? {} : { ordering }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
    };
    const created: CreatedEndpoint = await (await millrace()).endpoints.create(endpoint);
    if (json) out.json(created, 2);
    else {
      show(out, created);
      out.line('secret'.padEnd(12), bold(created.secret), '   (shown only now)');
    }
    return 0;
  },
};

const list: Command = {
  name: 'endpoints list',
  summary: 'List endpoints',
  options: { limit: { type: 'string', value: '<n>', help: 'so many at most; 100 unless told' } },
  run: async (given, { out, json, millrace }) => {
    const limit = given.wholeNumber('limit', 1, 100_000) ?? 100;
    const endpoints = await (await millrace()).endpoints.list({ limit: Math.min(limit, 200) }).take(limit);
    if (json) out.json(endpoints, 2);
    else if (endpoints.length === 0) out.line('No endpoints yet: millrace endpoints create <url>');
    else
      out.table(
        ['ID', 'STATUS', 'PARKED', 'CONTRACT', 'TYPES', 'URL'],
        endpoints.map((each) => [
          each.id,
          status(each),
          each.parked,
          each.contract,
          each.eventTypes.join(' '),
          each.url,
        ]),
      );
    return 0;
  },
};

const remove: Command = {
  name: 'endpoints delete',
  summary: 'Delete an endpoint; what waits for it is cancelled',
  parameters: [ID],
  run: async (given, { out, json, millrace }) => {
    await (await millrace()).endpoints.delete(idIn(given));
    if (json) out.json({ deleted: idIn(given) });
    else out.line('Deleted ', idIn(given));
    return 0;
  },
};

const test: Command = {
  name: 'endpoints test',
  summary: 'Send a test event to an endpoint',
  parameters: [ID],
  options: { type: { type: 'string', value: '<type>', help: 'event type; millrace.test unless told' } },
  run: async (given, { out, json, millrace }) => {
    const answer = await (await millrace()).endpoints.test(idIn(given), given.text('type'));
    if (json) out.json(answer);
    else
      out.line(
        'Delivery ',
        bold(answer.deliveryId),
        '; what became of it: millrace deliveries show ',
        answer.deliveryId,
      );
    return 0;
  },
};

const rotate: Command = {
  name: 'endpoints rotate-secret',
  summary: 'Give an endpoint a new secret, shown once, here; the old one signs on for a while',
  parameters: [ID],
  options: {
    overlap: { type: 'string', value: '<seconds>', help: 'how long the old one signs on; a day unless told' },
  },
  run: async (given, { out, json, millrace }) => {
    const overlap = given.wholeNumber('overlap', 0, 604_800);
    const answer = await (await millrace()).endpoints.rotateSecret(idIn(given), overlap);
    if (json) out.json(answer);
    else out.line('New secret ', bold(answer.secret), '   (shown only now)');
    return 0;
  },
};

export const endpointCommands: readonly Command[] = [
  list,
  create,
  about('show', 'Show an endpoint and how it is doing', (id, millrace) => millrace.endpoints.get(id)),
  about('pause', 'Hold what comes for an endpoint', (id, millrace) => millrace.endpoints.pause(id)),
  about('activate', 'Let an endpoint take deliveries again', (id, millrace) => millrace.endpoints.activate(id)),
  remove,
  test,
  rotate,
];
