/** What the API says in codes, in words for people; and times and lengths. */

export const DELIVERY_STATUSES = ['pending', 'retrying', 'parked', 'succeeded', 'failed', 'cancelled', 'expired'];
export const ENDPOINT_STATUSES = ['active', 'paused', 'down', 'disabled'];
export const MACHINE_STATUSES = ['running', 'idle', 'held', 'down', 'offline', 'unknown'];
export const SOURCE_CONNECTIONS = [
  'connected',
  'listening',
  'connecting',
  'disconnected',
  'degraded',
  'waiting',
  'finished',
  'off',
];
export const QUARANTINE_STATES = ['open', 'redriven', 'discarded'];

const REASONS = {
  endpoint_paused: 'its endpoint is paused',
  endpoint_disabled: 'its endpoint is disabled',
  endpoint_down: 'its endpoint is down',
  lane_full: 'its endpoint has more waiting than it takes at once',
  backlog: 'it waits behind others of its endpoint',
  behind_key: 'an earlier delivery of its key must end first',
  endpoint_deleted: 'its endpoint was deleted',
  endpoint_gone: 'the receiver answered that it wants no more (410)',
  exhausted: 'every attempt of its schedule failed',
  skipped_by_command: 'somebody skipped it, so that others could go',
  cancelled_by_command: 'somebody cancelled it',
  unusable_task: 'its task could not be read',
};
const ENDPOINT_REASONS = {
  transport: 'nothing answers',
  failure_rate: 'mostly failures',
  receiver_answered_410: 'answered 410',
  too_many_failures: 'too many failures in a row',
};
const COMMAND_REASONS = {
  stale: 'the delivery had changed meanwhile',
  in_flight: 'a request was under way',
  parked: 'it is parked, and goes on by itself',
  ended: 'it had ended already',
  record_gone: 'its task is no longer kept',
};
const spoken = (words, code) => words[code] ?? code.replace(/_/g, ' ');
export const reasonOf = (code) => spoken(REASONS, code);
export const endpointReasonOf = (code) => spoken(ENDPOINT_REASONS, code);
export const commandReasonOf = (code) => spoken(COMMAND_REASONS, code);

export const BODY_MISSING = {
  test_event: 'A test event is not stored, so its body cannot be shown.',
  event_not_kept: 'The event is no longer kept, so the body cannot be shown.',
  contract_unknown: 'This version of Millrace no longer has the contract that made the body.',
  digest_differs: 'The stored event is not the one that was sent: its producer used the id twice.',
};

/** How people call the contracts; one that is not here goes by its own name. */
const CONTRACTS = {
  standard: ['Standard Webhooks', 'Millrace’s own: id, type, timestamp and data, signed as Standard Webhooks 1.0'],
  eclipse: ['Eclipse Pro', 'the data alone, with the bearer token of its connection'],
  eclips: ['eClips', 'runs of agents, signed in X-eClips-Signature'],
  proign: ['PROIGN', 'with tenant_id, signed in X-Proign-Signature'],
  mes: ['MachShop MES', 'only an answer of 200 counts, signed in x-mes-signature'],
  nentropy: ['N’entropy', 'with integrationId, signed in X-Webhook-Signature'],
};
export const contractTitle = (name) => CONTRACTS[name]?.[0] ?? name;

/** `5 s`, `30 min`, `2 h`, `30 days`; a line does not break before the unit. */
export const span = (seconds) => lasting(seconds).replace(' ', '\u00a0');
const lasting = (seconds) => {
  if (seconds < 120 && seconds !== 60) return `${seconds} s`;
  if (seconds < 7200 && seconds !== 3600) return `${Math.round(seconds / 6) / 10} min`;
  if (seconds <= 86_400) return `${Math.round(seconds / 360) / 10} h`;
  return `${Math.round(seconds / 8640) / 10} days`;
};

const retriesOf = ({ retryDelaysSeconds: delays, retriesRepeat }) => {
  if (delays.length === 0) return 'no retries';
  const last = delays.at(-1);
  if (delays.length === 1 && retriesRepeat) return `retried every ${span(last)}`;
  const daily = delays.findIndex((delay, at) => delay === 86_400 && delays.slice(at).every((each) => each === delay));
  const days = daily < 0 ? 0 : delays.length - daily;
  const listed = (days > 2 ? delays.slice(0, daily) : delays).map(span).join(', ');
  const then = days > 2 ? `, then daily ${days} times` : retriesRepeat ? ', then again and again' : '';
  return `retried after ${listed}${then}`;
};

/** One line about a contract, of what `GET /v1/contracts` says of it. */
export const contractLine = (contract) => {
  const what = CONTRACTS[contract.name]?.[1];
  const numbers = `${span(contract.timeoutMs / 1000)} to answer, ${retriesOf(contract)}, expires after ${span(contract.expiresAfterSeconds)}`;
  return `${what === undefined ? '' : `${what}; `}${numbers}.`.replace(/^./, (first) => first.toUpperCase());
};

export const timeOf = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
export const clock = (ms) => new Date(ms).toLocaleTimeString();

const rough = (seconds) => {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
};
/** `now`, `12 s ago`, `4 min ago`, `3 h ago`, `2 d ago`. */
export const ago = (iso) => {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000));
  return seconds < 2 ? 'now' : `${rough(seconds)} ago`;
};
/** ` for 4 min`, ` since just now`; behind a word for a state. */
export const lastingSince = (iso) => {
  const told = ago(iso);
  return told === 'now' ? ' since just now' : ` for ${told.replace(' ago', '')}`;
};
/** `now`, `in 12 s`, `in 4 min`. */
export const until = (iso) => {
  const seconds = Math.round((Date.parse(iso) - Date.now()) / 1000);
  return seconds < 1 ? 'now' : `in ${rough(seconds)}`;
};
export const duration = (ms) =>
  ms === null ? '' : ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
export const counted = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;

/** Indents JSON without reading it into values, so that 14400.0 stays 14400.0; other text is left as it is. */
export const indented = (text) => {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  let out = '';
  const newLine = () => `\n${'  '.repeat(depth)}`;
  for (const token of text.match(/"(?:[^"\\]|\\.)*"|[^\s"[\]{},:]+|[[\]{},:]/gs) ?? []) {
    if (token === '{' || token === '[') {
      depth += 1;
      out += token + newLine();
    } else if (token === '}' || token === ']') {
      depth -= 1;
      const empty = /[[{]\s*$/.test(out);
      out = (empty ? out.trimEnd() : out + newLine()) + token;
    } else if (token === ',') out += token + newLine();
    else out += token === ':' ? ': ' : token;
  }
  return out;
};
