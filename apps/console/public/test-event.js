import { change, Problem, read, wordsOf } from './api.js';
import { button, el, headerList, hint, link, outcomeLabel, renew, statusLabel, textBox } from './dom.js';
import { choice, field, form } from './forms.js';
import { contracts, eventTypes } from './known.js';
import { refresh } from './live.js';
import { hashOf } from './routes.js';
import { contractTitle, indented } from './words.js';

/** Send a test event: choose its type, see what goes out, send it, and watch its delivery. */

const OWN = 'millrace.test';
/** Its only way to see the very payload that went out. */
const SHOWS_PAYLOAD = 'mes';

let test = null;

/** Whether there was one in this place. */
export const closeTest = (place) => {
  const open = place.firstChild !== null;
  if (open) place.replaceChildren();
  test = null;
  return open;
};

const matches = (pattern, type) =>
  pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

export const openTest = (place, endpoint, close) => {
  if (test?.endpoint.id === endpoint.id && place.firstChild !== null) return;
  const made = { endpoint, sent: null, delivery: null, lacking: null, told: '', examples: new Map() };
  test = made;
  const type = choice([[OWN, 'Reading the catalogue…']], OWN);
  const payload = el('div', {});
  const result = el('div', { role: 'status', 'aria-live': 'polite' });
  Object.assign(made, { type, payload, result });
  const element = form(
    'Send test event',
    'Send',
    [
      el('h3', {}, 'Send test event'),
      field(
        'eventType',
        'Event type',
        type,
        'The data is the example of the type. A test goes out in any status; its success brings an endpoint that is down up.',
      ),
    ],
    () => send(made),
    [button('Close test', 'plain', 'close-test', close)],
  );
  place.replaceChildren(el('section', { class: 'test', 'aria-label': 'Test event' }, element, result, payload));
  type.addEventListener('change', () => preview(made));
  fillTypes(made).then(() => type.focus());
};

const fillTypes = async (made) => {
  const { endpoint, type } = made;
  let types = [];
  try {
    types = await eventTypes();
  } catch {
    // Without the catalogue there is still the type that every endpoint takes.
  }
  for (const { name, example } of types) made.examples.set(name, example);
  const names = types.map(({ name }) => name);
  const own = names.filter((name) => endpoint.eventTypes.some((pattern) => matches(pattern, name)));
  const others = names.filter((name) => !own.includes(name));
  const group = (label, members) =>
    members.length === 0
      ? null
      : el('optgroup', { label }, ...members.map((name) => el('option', { value: name }, name)));
  if (!names.includes(OWN) && endpoint.contract !== SHOWS_PAYLOAD) others.unshift(OWN);
  type.replaceChildren(
    ...[group('Types of this endpoint', own), group('Other types', others)].filter((each) => each !== null),
  );
  type.value = own[0] ?? others[0] ?? OWN;
  await preview(made);
};

const shown = (title, about, headers, body) => [
  el('h4', {}, title),
  hint(about),
  headers === null ? null : headerList(headers),
  textBox('Payload', indented(body)),
];

const preview = async (made) => {
  const { endpoint, payload, type } = made;
  const eventType = type.value;
  try {
    const names = (await contracts()).find(({ name }) => name === endpoint.contract)?.options ?? [];
    const options = Object.fromEntries(Object.entries(endpoint.options ?? {}).filter(([name]) => names.includes(name)));
    const { headers, body } = await change('POST', `/v1/contracts/${endpoint.contract}/preview`, {
      event: { type: eventType, data: made.examples.get(eventType) ?? {} },
      options,
    });
    if (test !== made || type.value !== eventType) return;
    renew(
      payload,
      ...shown(
        'What goes out',
        `Under the contract ${contractTitle(endpoint.contract)}. Id, time and signature are those of a sample: each request has its own.`,
        headers.map(({ name, value }) => [name, value]),
        body,
      ),
    );
  } catch (error) {
    if (test === made) renew(payload, hint(`What goes out cannot be shown: ${wordsOf(error)}`));
  }
};

const send = async (made) => {
  const { endpoint, type, payload } = made;
  const path =
    endpoint.contract === SHOWS_PAYLOAD
      ? `/api/v2/webhooks/endpoints/${endpoint.id}/test`
      : `/v1/endpoints/${endpoint.id}/test`;
  const answer = await change('POST', path, { eventType: type.value });
  if (test !== made) return;
  Object.assign(made, { sent: answer.deliveryId, delivery: null, told: '' });
  tellSent(made);
  if (answer.payload !== undefined)
    renew(payload, ...shown('What went out', 'The payload as it was sent.', null, JSON.stringify(answer.payload)));
  refresh();
};

const tellSent = (made) => {
  const { sent, delivery, lacking, result } = made;
  const now = JSON.stringify([sent, delivery?.status, delivery?.lastOutcome, lacking]);
  if (now === made.told) return;
  made.told = now;
  renew(
    result,
    el(
      'p',
      { class: 'sent' },
      el('span', {}, 'The test event is sent.'),
      ...(lacking !== null
        ? [`This key may not see what became of it: it lacks the scope ${lacking}.`]
        : [
            link(hashOf('deliveries', [sent], { endpointId: made.endpoint.id }), 'Its delivery'),
            ...(delivery === null
              ? ['is on its way.']
              : [
                  statusLabel(delivery.status),
                  delivery.lastOutcome === null ? '' : outcomeLabel(delivery.lastOutcome),
                ]),
          ]),
    ),
  );
};

export const refreshTest = async (signal) => {
  const made = test;
  if (made === null || made.sent === null) return;
  const { sent } = made;
  try {
    const delivery = await read(`/v1/deliveries/${encodeURIComponent(sent)}`, signal);
    if (test !== made || made.sent !== sent) return;
    made.delivery = delivery;
  } catch (error) {
    // The history follows within a second or so.
    if (!(error instanceof Problem) || (error.status !== 404 && error.scope === null)) throw error;
    made.lacking = error.scope;
  }
  if (test === made) tellSent(made);
};
