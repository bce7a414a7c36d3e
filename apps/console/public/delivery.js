import { Problem, read } from './api.js';
import { commandButtons } from './commands.js';
import { byId, el, factList, headerList, hint, link, mono, outcomeLabel, renew, statusLabel, textBox } from './dom.js';
import { shortEndpoint } from './known.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { hashOf } from './routes.js';
import { BODY_MISSING, commandReasonOf, contractTitle, duration, indented, reasonOf, timeOf } from './words.js';

/** One delivery to the end: its state, its attempts with requests and answers, and what people asked of it. */

let shown = '';

export const openDelivery = (id, close) => {
  if (!openPane('Delivery', id)) return;
  shown = '';
  fillPane(paneHead('Delivery', null, close), hint('Reading the delivery…'));
};

export const refreshDelivery = async (id, close, signal) => {
  try {
    const delivery = await read(`/v1/deliveries/${encodeURIComponent(id)}`, signal);
    if (isAbout(id)) show(delivery, close);
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 404 && error.scope === null)) throw error;
    if (!isAbout(id)) return;
    shown = '';
    renew(
      byId('detail'),
      paneHead('Not found', null, close),
      hint('This delivery does not exist, belongs to another tenant, or is older than the history keeps.'),
    );
  }
};

const show = (delivery, close) => {
  const now = JSON.stringify([delivery, shortEndpoint(delivery.endpointId)]);
  if (now === shown) return;
  const pane = byId('detail');
  const fresh = shown === '';
  const open = new Map([...pane.querySelectorAll('.attempt')].map((each) => [each.dataset.request, each.open]));
  shown = now;
  const repeats = delivery.requestCount - delivery.attemptCount;
  const attempts = [...delivery.attempts].reverse();
  const rounds = [...new Set(attempts.map(({ epoch }) => epoch))].sort((one, other) => one - other);
  const scrolled = pane.scrollTop;
  const { endpointId } = delivery;
  renew(
    pane,
    paneHead(
      delivery.eventType,
      [statusLabel(delivery.status), delivery.statusReason === null ? '' : `: ${reasonOf(delivery.statusReason)}`],
      close,
    ),
    commandButtons(`/v1/deliveries/${encodeURIComponent(delivery.id)}`, delivery.status, 'delivery'),
    factList([
      ['Delivery', mono(delivery.id)],
      ['Event', mono(delivery.eventId)],
      ['Endpoint', link(hashOf('endpoints', [endpointId]), shortEndpoint(endpointId))],
      ['', link(hashOf('deliveries', [], { endpointId }), 'All deliveries of this endpoint')],
      ['Contract', contractTitle(delivery.contract)],
      ['Subject', delivery.subject ?? null],
      ['Because of', { test: 'a test', recovery: 'a recovery' }[delivery.trigger] ?? null],
      ['Waits behind', delivery.behind ? link(hashOf('deliveries', [delivery.behind]), delivery.behind) : null],
      ['Created', timeOf(delivery.createdAt)],
      ['Ended', delivery.completedAt === null ? null : timeOf(delivery.completedAt)],
      ['Next attempt', delivery.nextAttemptAt === null ? null : timeOf(delivery.nextAttemptAt)],
    ]),
    ...commandList(delivery.commands ?? []),
    el(
      'h3',
      {},
      attempts.length === 0
        ? 'No attempt yet'
        : `${delivery.attemptCount} ${delivery.attemptCount === 1 ? 'attempt' : 'attempts'}${repeats > 0 ? `, ${delivery.requestCount} requests` : ''}`,
    ),
    ...attempts.map((attempt, at) => attemptBox(attempt, rounds, open.get(attempt.requestId) ?? at === 0)),
  );
  pane.scrollTop = fresh ? 0 : scrolled;
};

const COMMANDS = { retry: 'Retry', cancel: 'Cancellation', skip: 'Skip' };
const commandList = (commands) =>
  commands.length === 0
    ? []
    : [
        el('h3', {}, 'Asked for by people'),
        el(
          'ul',
          { class: 'log' },
          ...commands.map(({ command, by, result, reason, at }) =>
            el(
              'li',
              {},
              el('time', { class: 'when', datetime: at }, timeOf(at)),
              el(
                'span',
                {},
                `${COMMANDS[command] ?? command} by ${by}: ${result === 'done' ? 'done' : `refused, ${commandReasonOf(reason ?? 'stale')}`}`,
              ),
            ),
          ),
        ),
      ];

/** @param rounds the epochs of all attempts, in order: a retry that somebody asks for begins to count anew */
const attemptBox = (attempt, rounds, open) => {
  const round = rounds.length > 1 ? `Round ${rounds.indexOf(attempt.epoch) + 1}, ` : '';
  const box = el(
    'details',
    { class: 'attempt', 'data-request': attempt.requestId, open: open ? '' : null },
    el(
      'summary',
      { 'data-key': attempt.requestId },
      el('strong', { title: round === '' ? null : `epoch ${attempt.epoch}` }, `${round}#${attempt.number}`),
      outcomeLabel(attempt.outcome),
      el('span', { class: 'soft' }, duration(attempt.durationMs)),
      el('time', { class: 'when', datetime: attempt.startedAt }, timeOf(attempt.startedAt)),
    ),
  );
  const inside = el('div', { class: 'inside' });
  if (attempt.outcome === 'unknown')
    inside.append(
      hint('The sender stopped before it could record the answer. The receiver may have had this request.'),
    );
  if (attempt.outcome === 'pending') inside.append(hint('Under way: the receiver has not answered yet.'));
  if (attempt.error !== null) inside.append(el('p', { class: 'bad' }, attempt.error));
  const { request, response } = attempt;
  const parts = [
    el('h4', {}, 'Request'),
    el('p', { class: 'url' }, `POST ${request.url}`),
    headerList(Object.entries(request.headers)),
    request.body === null
      ? hint(BODY_MISSING[request.bodyMissing] ?? '')
      : textBox('Request body', indented(request.body)),
  ];
  inside.append(el('section', {}, ...parts));
  if (response !== null)
    inside.append(
      el(
        'section',
        {},
        el('h4', {}, 'Response'),
        el('p', { class: 'url' }, `Status ${response.status}`),
        headerList(Object.entries(response.headers)),
        response.body === '' ? hint('No body.') : textBox('Response body', indented(response.body)),
        response.bodyTruncated ? hint('The body was longer; its first 16 KiB are kept.') : null,
      ),
    );
  inside.append(
    factList([
      ['Trace', mono(attempt.traceId)],
      ['Request id', mono(attempt.requestId)],
    ]),
  );
  box.append(inside);
  return box;
};
