import { change, Problem, read, wordsOf } from './api.js';
import { ask } from './dialog.js';
import { button, el, factList, hint, link, mono, outcomeLabel, renew, setText, statusLabel, textBox } from './dom.js';
import { choice, field } from './forms.js';
import { contracts } from './known.js';
import { refresh } from './live.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { forgetRecoveries, offerRecovery, recoveryNotice, refreshRecovery } from './recovery.js';
import { go, hashOf } from './routes.js';
import { say } from './said.js';
import { forgetSecrets, hasSecret, rememberSecret, secretNotice } from './secret.js';
import { closeTest, openTest, refreshTest } from './test-event.js';
import { ago, contractLine, contractTitle, counted, endpointReasonOf, span, timeOf, until } from './words.js';

/** One endpoint: how it is, what it is set to, what can be done with it, and its latest deliveries. */

const LATEST = 8;
let shown = null;

export const forgetEndpoint = () => {
  shown = null;
  forgetSecrets();
  forgetRecoveries();
};

/** @param known what the list has of it, so that there is something to see at once; or null */
export const openEndpoint = (id, { known, testing, close, deleted }) => {
  if (openPane('Endpoint', id)) {
    const part = (name) => el('div', { 'data-part': name });
    shown = {
      id,
      endpoint: null,
      lines: new Map(),
      close,
      deleted,
      head: part('head'),
      notices: el('div', { 'data-part': 'notices', 'aria-live': 'polite' }),
      actions: part('actions'),
      test: part('test'),
      facts: part('facts'),
      latest: part('latest'),
    };
    const { head, notices, actions, test, facts, latest } = shown;
    fillPane(head, notices, actions, test, facts, latest);
    head.append(paneHead('Endpoint', null, close));
    facts.append(hint('Reading the endpoint…'));
  }
  Object.assign(shown, { close, deleted, testing });
  if (known !== null) take(known);
  else showTest();
};

/** Makes a part anew only when what it shows has changed: people read and click meanwhile. */
const part = (name, what, make) => {
  const now = JSON.stringify(what);
  if (shown.lines.get(name) === now) return;
  shown.lines.set(name, now);
  renew(shown[name], ...make());
};

const take = (endpoint) => {
  shown.endpoint = endpoint;
  // Whatever was offered for its return: it has left again.
  if (endpoint.status === 'disabled' || endpoint.status === 'paused') offerRecovery(endpoint.id, null);
  showHead(endpoint);
  showNotices();
  showActions(endpoint);
  showFacts(endpoint);
  showTest();
};

const showTest = () => {
  if (shown.endpoint === null) return;
  if (shown.testing) openTest(shown.test, shown.endpoint, () => go(hashOf('endpoints', [shown.id])));
  else if (closeTest(shown.test)) shown.actions.querySelector('[data-key="test"]')?.focus();
};

const statusLine = ({ status, statusReason, statusSince, nextProbeAt }) => {
  const why = statusReason === null || status === 'active' ? '' : `: ${endpointReasonOf(statusReason)}`;
  const next = status === 'down' && nextProbeAt !== null ? `; tried next ${until(nextProbeAt)}` : '';
  return `${why}, since ${ago(statusSince)}${next}`.replace('since now', 'just now').replace(/ ago(?=;|$)/, '');
};

const showHead = (endpoint) => {
  part('head', [endpoint.url, endpoint.status, statusLine(endpoint)], () => [
    paneHead(endpoint.url, [statusLabel(endpoint.status), statusLine(endpoint)], () => shown.close()),
  ]);
};

const showNotices = () => {
  const { id } = shown;
  part('notices', [hasSecret(id), recoveryNotice(id, true)], () => [
    secretNotice(id, shown.endpoint?.contract, showNotices),
    recoveryNotice(id, false, showNotices),
  ]);
};

/* ---- what can be done ---- */

const attempt = async (act) => {
  try {
    await act();
  } catch (error) {
    say(wordsOf(error));
  }
};

const setStatus = (status) =>
  attempt(async () => {
    const { id } = shown;
    const changed = await change('PATCH', `/v1/endpoints/${id}`, { status });
    say(
      status === 'paused'
        ? 'Paused. What comes meanwhile waits, and goes out oldest first once it is active again.'
        : 'Active. What waited goes out now, oldest first.',
    );
    offerRecovery(id, changed.recovery ?? null);
    if (isAbout(id)) take(changed);
    refresh();
  });

const askToDelete = ({ id, url, parked }) =>
  ask({
    title: 'Delete this endpoint?',
    lines: [
      url,
      parked === 0
        ? 'What waits for it or is to be retried is cancelled. Its settings and its secret are gone.'
        : `${counted(parked, 'parked delivery', 'parked deliveries')} and whatever is to be retried are cancelled and never arrive. Its settings and its secret are gone.`,
      'The history of its deliveries stays. To stop it for a while, pause it instead.',
    ],
    action: 'Delete the endpoint',
    dangerous: true,
    act: async () => {
      await change('DELETE', `/v1/endpoints/${id}`);
      say('The endpoint is deleted.');
      if (isAbout(id)) shown.deleted();
    },
  });

const OVERLAPS = [
  ['86400', '24 hours'],
  ['3600', '1 hour'],
  ['604800', '7 days'],
  ['0', 'Not at all: at once'],
];
const askForSecret = ({ id, contract }) => {
  const overlap = choice(OVERLAPS, '86400');
  ask({
    title: 'Make a new secret?',
    lines: [
      contract === 'standard' || contract === 'eclipse'
        ? 'Requests carry a signature of the old and of the new one as long as the old one still signs.'
        : 'The header of its contract is signed with the new one at once; webhook-signature carries both as long as the old one still signs.',
    ],
    fields: [field('overlapSeconds', 'The old one still signs for', overlap)],
    action: 'Make a new secret',
    act: async () => {
      const { secret } = await change('POST', `/v1/endpoints/${id}/rotate-secret`, {
        overlapSeconds: Number(overlap.value),
      });
      rememberSecret(id, secret);
      if (isAbout(id)) showNotices();
    },
  });
};

const showActions = (endpoint) => {
  const { id, status } = endpoint;
  part('actions', [status === 'active', status === 'paused', endpoint.url, endpoint.parked], () => [
    el(
      'div',
      { class: 'actions' },
      button('Send test event', 'primary', 'test', () => go(hashOf('endpoints', [id, 'test']))),
      status === 'active' || status === 'down' ? button('Pause', 'plain', 'pause', () => setStatus('paused')) : null,
      status === 'active' ? null : button('Activate', 'plain', 'activate', () => setStatus('active')),
      button('New secret…', 'plain', 'secret', () => askForSecret(endpoint)),
      button('Delete…', 'plain bad', 'delete', () => askToDelete(endpoint)),
    ),
  ]);
};

/* ---- what it is set to ---- */

const OPTIONS = {
  standardHeaders: (on) => (on ? null : 'without the headers of Standard Webhooks'),
  traceContext: (on) => (on ? null : 'without traceparent'),
  signatureFormat: (format) => (format === 'hex' ? null : `signature as ${format}`),
  integrationId: (id) => (id === null ? null : `integration ${id}`),
  disableCounts: (what) => (what === 'deliveries' ? null : 'attempts count towards being disabled'),
};

const showFacts = (endpoint) => {
  part('facts', [endpoint.id, endpoint.version, endpoint.parked, endpoint.statusBy], () => {
    const line = hint('');
    contracts()
      .then((all) => all.find(({ name }) => name === endpoint.contract))
      .then((contract) => contract !== undefined && setText(line, contractLine(contract)))
      .catch(() => undefined);
    const options = Object.entries(endpoint.options ?? {})
      .map(([name, value]) => OPTIONS[name]?.(value) ?? null)
      .filter((text) => text !== null);
    const headers = Object.keys(endpoint.headers ?? {});
    const { rateLimit, retry } = endpoint;
    return [
      factList([
        ['Contract', [contractTitle(endpoint.contract), line]],
        ['Event types', mono(endpoint.eventTypes.join(', '))],
        ['Description', endpoint.description || null],
        [
          'Parked',
          endpoint.parked === 0
            ? 'nothing waits'
            : link(
                hashOf('deliveries', [], { endpointId: endpoint.id, status: 'parked' }),
                `${counted(endpoint.parked, 'delivery', 'deliveries')}, seconds ago`,
              ),
        ],
        ['Options', options.length === 0 ? null : options.join(', ')],
        ['Order', endpoint.ordering === 'none' ? null : endpoint.ordering],
        ['Rate limit', rateLimit === null ? null : `${rateLimit.perSecond} a second, ${rateLimit.burst} at once`],
        [
          'Own schedule',
          retry === null
            ? null
            : retry.delaysSeconds.length === 0
              ? 'no retries'
              : retry.delaysSeconds.map(span).join(', '),
        ],
        ['Own time-out', endpoint.timeoutMs === null ? null : `${endpoint.timeoutMs} ms`],
        ['Headers', headers.length === 0 ? null : mono(headers.join(', '))],
        ['Filter', endpoint.filter === null ? null : textBox('Filter', JSON.stringify(endpoint.filter, null, 2))],
        ['Status by', endpoint.statusBy === null ? null : mono(endpoint.statusBy)],
        ['Created', timeOf(endpoint.createdAt)],
        ['Changed', endpoint.updatedAt === endpoint.createdAt ? null : timeOf(endpoint.updatedAt)],
        ['Endpoint', mono(endpoint.id)],
      ]),
    ];
  });
};

/* ---- its latest deliveries ---- */

const showLatest = (id, deliveries, lacking) => {
  part('latest', [deliveries, lacking, deliveries.map(({ createdAt }) => ago(createdAt))], () => [
    el('h3', {}, 'Latest deliveries'),
    lacking !== null
      ? hint(`This key may not see deliveries: it lacks the scope ${lacking}.`)
      : deliveries.length === 0
        ? hint('None yet. An event of its types makes one, and so does a test.')
        : el(
            'ul',
            { class: 'latest' },
            ...deliveries.map((each) =>
              el(
                'li',
                {},
                link(hashOf('deliveries', [each.id], { endpointId: id }), each.eventType),
                statusLabel(each.status),
                outcomeLabel(each.lastOutcome),
                el('time', { class: 'when', datetime: each.createdAt }, ago(each.createdAt)),
              ),
            ),
          ),
    lacking === null && deliveries.length > 0
      ? el('p', {}, link(hashOf('deliveries', [], { endpointId: id }), 'All its deliveries'))
      : null,
  ]);
};

export const refreshEndpoint = async (id, signal) => {
  let endpoint;
  try {
    endpoint = await read(`/v1/endpoints/${encodeURIComponent(id)}`, signal);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    if (isAbout(id) && shown.endpoint?.id !== '')
      fillPane(
        paneHead('Not found', null, () => shown.close()),
        hint('This endpoint does not exist, was deleted, or belongs to another tenant.'),
        el(
          'p',
          {},
          link(hashOf('deliveries', [], { endpointId: id }), 'Its deliveries, as far as the history has them'),
        ),
      );
    if (isAbout(id)) shown.lines.clear();
    return;
  }
  if (!isAbout(id)) return;
  take(endpoint);
  if (await refreshRecovery(id)) showNotices();
  await refreshTest(signal);
  let deliveries = [];
  let lacking = null;
  try {
    const query = new URLSearchParams({ endpointId: id, limit: String(LATEST) });
    deliveries = (await read(`/v1/deliveries?${query}`, signal)).data;
  } catch (error) {
    if (!(error instanceof Problem) || error.scope === null) throw error;
    lacking = error.scope;
  }
  if (isAbout(id)) showLatest(id, deliveries, lacking);
};
