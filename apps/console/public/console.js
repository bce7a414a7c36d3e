/**
 * The console: one page over the public history API. It holds the key in memory only, asks again each second while the
 * page is seen, and shows whatever receivers and producers sent as text, never as markup.
 */

const POLL_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;
const PAGE = 100;

const STATUSES = ['pending', 'retrying', 'parked', 'succeeded', 'failed', 'cancelled', 'expired'];
const ICONS = {
  pending: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 5v3l2 2',
  retrying: 'M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3',
  parked: 'M5.5 3v10M10.5 3v10',
  succeeded: 'M2.5 8.5 6.5 12.5 13.5 4',
  failed: 'M3.5 3.5 12.5 12.5M12.5 3.5 3.5 12.5',
  cancelled: 'M3 8h10',
  expired: 'M4 2.5h8M4 13.5h8M5 2.5c0 4 6 7 6 11M11 2.5c0 4-6 7-6 11',
};
const REASONS = {
  endpoint_paused: 'its endpoint is paused',
  endpoint_disabled: 'its endpoint is disabled',
  lane_full: 'its endpoint has more waiting than it takes at once',
  endpoint_deleted: 'its endpoint was deleted',
  endpoint_gone: 'the receiver answered that it wants no more (410)',
  exhausted: 'every attempt of its schedule failed',
  unusable_task: 'its task could not be read',
};
const BODY_MISSING = {
  test_event: 'A test event is not stored, so its body cannot be shown.',
  event_not_kept: 'The event is no longer kept, so the body cannot be shown.',
  contract_unknown: 'This version of Millrace no longer has the contract that made the body.',
  digest_differs: 'The stored event is not the one that was sent: its producer used the id twice.',
};

const byId = (id) => document.getElementById(id);
/** An element with text children; attributes by name. Text is only ever set as text. */
const el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
};
const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
const icon = (status) => {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', ICONS[status] ?? ICONS.cancelled);
  svg.append(path);
  return svg;
};
const statusLabel = (status) =>
  el('span', { class: `status ${STATUSES.includes(status) ? status : ''}` }, icon(status), status);

const timeOf = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = (ms) => new Date(ms).toLocaleTimeString();
/** `now`, `12 s`, `4 min`, `3 h`, `2 d`. */
const ago = (iso) => {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000));
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} d ago`;
};
const duration = (ms) => (ms === null ? '' : ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`);

/** Indents JSON without reading it into values, so that 14400.0 stays 14400.0; other text is left as it is. */
const indented = (text) => {
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

const emptyList = () => ({
  /** Newest first, by id; the older ones are those below the first page. */
  first: [],
  older: [],
  nextCursor: null,
  loaded: false,
  loadedOnce: false,
  keepOlder: false,
  /** Unix ms since which the first of the older rows may have changed. */
  olderAt: null,
  /** Differs from list to list, so that a late answer is known for what it is. */
  list: Symbol('list'),
});

const state = {
  ...emptyList(),
  key: null,
  status: null,
  narrow: '',
  selected: null,
  open: null,
  /** JSON of the detail that is shown, so that an unchanged one is left alone. */
  shownDetail: '',
  failures: 0,
  answeredAt: null,
  timer: null,
  request: null,
};

/* ---- talking to the API ---- */

class Refused extends Error {}

const call = async (path, signal) => {
  const response = await fetch(path, {
    headers: { authorization: `Bearer ${state.key}`, accept: 'application/json' },
    signal,
    cache: 'no-store',
  });
  if (response.status === 401) throw new Refused('This key is not valid: it may be mistyped, expired or revoked.');
  if (response.status === 403)
    throw new Refused('This key may not read deliveries. It needs the scope deliveries:read.');
  const body = await response.json().catch(() => null);
  if (!response.ok)
    throw Object.assign(new Error(body?.detail ?? `The server answered ${response.status}.`), {
      status: response.status,
    });
  return body;
};

const listPath = (cursor) => {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (state.status !== null) query.set('status', state.status);
  if (cursor) query.set('cursor', cursor);
  return `/v1/deliveries?${query}`;
};

const refresh = async () => {
  clearTimeout(state.timer);
  state.request?.abort();
  if (state.key === null || document.hidden) return;
  const request = new AbortController();
  state.request = request;
  const timeout = setTimeout(() => request.abort(new Error('No answer within 10 s.')), 10_000);
  try {
    const page = await call(listPath(), request.signal);
    if (state.request !== request) return;
    takePage(page);
    if (state.open !== null) await refreshDetail(request.signal);
    if (state.request !== request) return;
    state.failures = 0;
    state.answeredAt = Date.now();
  } catch (error) {
    if (state.request !== request) return;
    if (error instanceof Refused) return signOut(error.message);
    state.failures += 1;
    state.trouble = error.status ? error.message : 'The server cannot be reached.';
  } finally {
    clearTimeout(timeout);
    if (state.request === request) schedule();
  }
  showConnection();
};

const schedule = () => {
  clearTimeout(state.timer);
  state.timer = setTimeout(refresh, Math.min(POLL_MS * 2 ** Math.min(state.failures, 4), LONGEST_PAUSE_MS));
};

/** Whether `a` stands below `b`: the list goes by time of creation, then by id. */
const below = (a, b) => a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.id < b.id);

const takePage = (page) => {
  const ids = new Set(page.data.map(({ id }) => id));
  const last = page.data.at(-1);
  const overlaps = state.first.some(({ id }) => ids.has(id));
  // So many are new that some may never have been on the first page: what is below would follow after a gap.
  if (state.keepOlder && !overlaps && page.nextCursor !== null)
    Object.assign(state, { keepOlder: false, older: [], olderAt: null });
  if (state.keepOlder) {
    // What slid off the first page stays in the list, below; what left it from above its end is of another status now.
    const slid = state.first.filter((each) => last !== undefined && below(each, last));
    state.older = [...slid, ...state.older].filter(({ id }) => !ids.has(id) && ids.add(id));
  } else state.nextCursor = page.nextCursor;
  state.first = page.data;
  state.loaded = true;
  render();
};

const loadOlder = async () => {
  if (state.nextCursor === null) return;
  byId('older').disabled = true;
  const asked = state.list;
  try {
    const page = await call(listPath(state.nextCursor));
    // Another key or another status was chosen meanwhile: these rows belong to a list that is not shown.
    if (state.list !== asked) return;
    const known = new Set([...state.first, ...state.older].map(({ id }) => id));
    state.older.push(...page.data.filter(({ id }) => !known.has(id)));
    state.nextCursor = page.nextCursor;
    state.keepOlder = true;
    state.olderAt ??= Date.now();
    render();
  } catch (error) {
    if (state.list !== asked) return;
    if (error instanceof Refused) signOut(error.message);
    else {
      state.failures += 1;
      state.trouble = error.message;
      showConnection();
    }
  } finally {
    byId('older').disabled = false;
  }
};

const refreshDetail = async (signal) => {
  const id = state.open;
  try {
    const delivery = await call(`/v1/deliveries/${encodeURIComponent(id)}`, signal);
    if (state.open === id) showDetail(delivery);
  } catch (error) {
    if (error.status !== 404) throw error;
    if (state.open === id) showDetailMissing();
  }
};

/* ---- the list ---- */

const rows = new Map();

const visible = () => {
  const text = state.narrow.trim().toLowerCase();
  const all = [...state.first, ...state.older].filter(({ status }) => state.status === null || status === state.status);
  return text === ''
    ? all
    : all.filter((d) => `${d.eventType} ${d.endpointId} ${d.id} ${d.eventId}`.toLowerCase().includes(text));
};

const makeRow = (id) => {
  const cells = Array.from({ length: 6 }, (_, at) => el('td', { class: at === 3 || at === 5 ? 'number' : null }));
  const row = el('tr', { tabindex: '-1', 'data-id': id, class: state.loadedOnce ? 'new' : null }, ...cells);
  row.addEventListener('click', () => {
    select(id);
    openDetail(id);
  });
  return { row, cells, was: '' };
};

const render = () => {
  const list = visible();
  const body = byId('rows');
  const kept = new Set(list.map(({ id }) => id));
  for (const [id, { row }] of rows)
    if (!kept.has(id)) {
      row.remove();
      rows.delete(id);
    }
  list.forEach((delivery, at) => {
    const entry = rows.get(delivery.id) ?? makeRow(delivery.id);
    rows.set(delivery.id, entry);
    fill(entry, delivery);
    if (body.children[at] !== entry.row) body.insertBefore(entry.row, body.children[at] ?? null);
  });
  state.loadedOnce = state.loaded;
  if (state.selected !== null && !rows.has(state.selected) && state.open === null) state.selected = null;
  markSelected();
  showEmpty(list.length);
  byId('older').hidden = state.nextCursor === null;
  const older = list.length - state.first.length;
  const frozen = state.keepOlder && older > 0 && state.narrow.trim() === '';
  setText(
    byId('count'),
    list.length === 0
      ? ''
      : frozen
        ? `${list.length} shown: the newest ${state.first.length} live, ${older} older as they were at ${clock(state.olderAt)}`
        : `${list.length} shown${state.keepOlder ? ', the older ones not live' : ''}`,
  );
};

const fill = (entry, delivery) => {
  const [status, type, endpoint, attempts, outcome, when] = entry.cells;
  const now = JSON.stringify(delivery);
  setText(when, ago(delivery.createdAt));
  if (entry.was === now) return;
  entry.was = now;
  status.replaceChildren(statusLabel(delivery.status));
  type.replaceChildren(
    el('span', { class: 'type' }, delivery.eventType),
    delivery.trigger === 'event' ? '' : el('span', { class: 'soft' }, ` ${delivery.trigger}`),
  );
  type.title = `${delivery.eventType} · event ${delivery.eventId}`;
  endpoint.replaceChildren(el('span', { class: 'mono' }, delivery.endpointId));
  endpoint.title = delivery.endpointId;
  setText(attempts, String(delivery.attemptCount));
  outcome.replaceChildren(outcomeLabel(delivery.lastOutcome));
  when.title = timeOf(delivery.createdAt);
  when.className = 'number when';
};

const outcomeLabel = (outcome) => {
  if (outcome === null) return el('span', { class: 'soft' }, '–');
  const kind = outcome === 'success' ? 'good' : outcome === 'pending' || outcome === 'unknown' ? 'soft' : 'bad';
  return el('span', { class: kind }, outcome.replace(/^http_/, 'HTTP ').replace(/_/g, ' '));
};

const showEmpty = (count) => {
  byId('empty').hidden = count > 0;
  if (count > 0) return;
  const [title, hint] = !state.loaded
    ? ['Asking for the latest deliveries…', '']
    : state.narrow.trim() !== ''
      ? [
          'Nothing here matches',
          `None of the loaded deliveries has “${state.narrow.trim()}” in its type, endpoint or id.`,
        ]
      : state.status !== null
        ? [`No delivery is ${state.status}`, 'Choose All to see the others.']
        : ['No deliveries yet', 'Create an endpoint and publish an event: its delivery appears here within a second.'];
  setText(byId('empty-title'), title);
  setText(byId('empty-hint'), hint);
};

const markSelected = () => {
  const first = rows.size > 0 ? byId('rows').firstElementChild?.dataset.id : null;
  for (const [id, { row }] of rows) {
    row.setAttribute('aria-selected', String(id === state.selected));
    row.tabIndex = id === (state.selected ?? first) ? 0 : -1;
  }
};

const select = (id) => {
  state.selected = id;
  markSelected();
  const row = rows.get(id)?.row;
  row?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: 'nearest' });
};

const move = (step) => {
  const ids = [...byId('rows').children].map((row) => row.dataset.id);
  if (ids.length === 0) return;
  const at = ids.indexOf(state.selected);
  const next = ids[at < 0 ? (step > 0 ? 0 : ids.length - 1) : Math.min(Math.max(at + step, 0), ids.length - 1)];
  select(next);
  if (state.open !== null && state.open !== next) openDetail(next);
};

/* ---- one delivery ---- */

const openDetail = (id) => {
  state.open = id;
  state.shownDetail = '';
  history.replaceState(null, '', `#/deliveries/${id}`);
  byId('detail').hidden = false;
  byId('detail').replaceChildren(el('p', { class: 'hint' }, 'Reading the delivery…'));
  refresh();
};

const closeDetail = () => {
  if (state.open === null) return;
  state.open = null;
  state.shownDetail = '';
  byId('detail').hidden = true;
  history.replaceState(null, '', location.pathname);
  if (state.selected !== null) select(state.selected);
};

const closeButton = () => {
  const button = el('button', { type: 'button', class: 'quiet' }, 'Close');
  button.addEventListener('click', closeDetail);
  return button;
};

const showDetailMissing = () => {
  byId('detail').replaceChildren(
    el('header', {}, el('div', {}, el('h2', {}, 'Not found')), closeButton()),
    el(
      'p',
      { class: 'hint' },
      'This delivery does not exist, belongs to another tenant, or is older than the history keeps.',
    ),
  );
};

const factList = (pairs) =>
  el(
    'dl',
    { class: 'facts' },
    ...pairs
      .filter(([, value]) => value !== null)
      .flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
  );
const mono = (text) => el('span', { class: 'mono' }, text);

const showDetail = (delivery) => {
  const now = JSON.stringify(delivery);
  if (now === state.shownDetail) return;
  const detail = byId('detail');
  const fresh = state.shownDetail === '';
  const openBefore = new Map([...detail.querySelectorAll('.attempt')].map((each) => [each.dataset.request, each.open]));
  state.shownDetail = now;
  const reason =
    delivery.statusReason === null
      ? ''
      : `: ${REASONS[delivery.statusReason] ?? delivery.statusReason.replace(/_/g, ' ')}`;
  const repeats = delivery.requestCount - delivery.attemptCount;
  const attempts = [...delivery.attempts].reverse();
  const scrolled = detail.scrollTop;
  detail.replaceChildren(
    el(
      'header',
      {},
      el('div', {}, el('h2', {}, delivery.eventType), el('p', {}, statusLabel(delivery.status), reason)),
      closeButton(),
    ),
    factList([
      ['Delivery', mono(delivery.id)],
      ['Event', mono(delivery.eventId)],
      ['Endpoint', mono(delivery.endpointId)],
      ['Contract', delivery.contract],
      ['Because of', delivery.trigger === 'event' ? null : delivery.trigger === 'test' ? 'a test' : 'a recovery'],
      ['Created', timeOf(delivery.createdAt)],
      ['Ended', delivery.completedAt === null ? null : timeOf(delivery.completedAt)],
      ['Next attempt', delivery.nextAttemptAt === null ? null : timeOf(delivery.nextAttemptAt)],
    ]),
    el(
      'h3',
      {},
      attempts.length === 0
        ? 'No attempt yet'
        : `${delivery.attemptCount} ${delivery.attemptCount === 1 ? 'attempt' : 'attempts'}${repeats > 0 ? `, ${delivery.requestCount} requests` : ''}`,
    ),
    ...attempts.map((attempt, at) => attemptBox(attempt, openBefore.get(attempt.requestId) ?? at === 0)),
  );
  detail.scrollTop = fresh ? 0 : scrolled;
};

const attemptBox = (attempt, open) => {
  const box = el(
    'details',
    { class: 'attempt', 'data-request': attempt.requestId, open: open ? '' : null },
    el(
      'summary',
      {},
      el('strong', {}, `#${attempt.number}`),
      outcomeLabel(attempt.outcome),
      el('span', { class: 'soft' }, duration(attempt.durationMs)),
      el('time', { class: 'when', datetime: attempt.startedAt }, timeOf(attempt.startedAt)),
    ),
  );
  const inside = el('div', { class: 'inside' });
  if (attempt.outcome === 'unknown')
    inside.append(
      el(
        'p',
        { class: 'hint' },
        'The sender stopped before it could record the answer. The receiver may have had this request.',
      ),
    );
  if (attempt.outcome === 'pending')
    inside.append(el('p', { class: 'hint' }, 'Under way: the receiver has not answered yet.'));
  if (attempt.error !== null) inside.append(el('p', { class: 'bad' }, attempt.error));
  const { request, response } = attempt;
  inside.append(
    el(
      'section',
      {},
      el('h4', {}, 'Request'),
      el('p', { class: 'url' }, `POST ${request.url}`),
      headerList(request.headers),
      request.body === null
        ? el('p', { class: 'hint' }, BODY_MISSING[request.bodyMissing] ?? '')
        : el('pre', { tabindex: '0', 'aria-label': 'Request body' }, indented(request.body)),
    ),
  );
  if (response !== null)
    inside.append(
      el(
        'section',
        {},
        el('h4', {}, 'Response'),
        el('p', { class: 'url' }, `Status ${response.status}`),
        headerList(response.headers),
        response.body === ''
          ? el('p', { class: 'hint' }, 'No body.')
          : el('pre', { tabindex: '0', 'aria-label': 'Response body' }, indented(response.body)),
        response.bodyTruncated ? el('p', { class: 'hint' }, 'The body was longer; its first 16 KiB are kept.') : null,
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

const headerList = (headers) => {
  const entries = Object.entries(headers);
  return entries.length === 0
    ? null
    : el('dl', { class: 'headers' }, ...entries.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
};

/* ---- connection, key, keyboard ---- */

const showConnection = () => {
  const lost = state.failures > 0;
  byId('live').dataset.state =
    state.key === null ? 'none' : document.hidden ? 'paused' : lost ? 'lost' : state.loaded ? 'live' : 'none';
  setText(
    byId('live-text'),
    state.key === null
      ? 'No key yet'
      : document.hidden
        ? 'Paused'
        : lost
          ? 'Not live'
          : state.loaded
            ? 'Live'
            : 'Connecting…',
  );
  byId('trouble').hidden = state.key === null || !lost;
  if (lost)
    setText(
      byId('trouble'),
      `${state.trouble} Trying again.${state.answeredAt === null ? '' : ` What you see is from ${clock(state.answeredAt)}.`}`,
    );
};

const signIn = (key) => {
  Object.assign(state, emptyList(), { key, failures: 0, answeredAt: null });
  byId('key').value = '';
  byId('sign-in').hidden = true;
  byId('board').hidden = false;
  byId('change-key').hidden = false;
  byId('detail').hidden = state.open === null;
  render();
  showConnection();
  refresh();
};

const signOut = (problem) => {
  clearTimeout(state.timer);
  state.request?.abort();
  Object.assign(state, emptyList(), { key: null, request: null, open: null, selected: null, shownDetail: '' });
  render();
  byId('detail').hidden = true;
  byId('detail').replaceChildren();
  byId('board').hidden = true;
  byId('change-key').hidden = true;
  byId('sign-in').hidden = false;
  setText(byId('key-problem'), problem ?? '');
  byId('key-problem').hidden = !problem;
  showConnection();
  byId('key').focus();
};

const chips = () => {
  for (const status of [null, ...STATUSES]) {
    const chip = el(
      'button',
      { type: 'button', class: 'chip', 'aria-pressed': String(status === null) },
      status === null ? 'All' : status[0].toUpperCase() + status.slice(1),
    );
    chip.addEventListener('click', () => {
      Object.assign(state, emptyList(), { status });
      for (const each of byId('chips').querySelectorAll('button'))
        each.setAttribute('aria-pressed', String(each === chip));
      render();
      refresh();
    });
    byId('chips').append(chip);
  }
};

const onKey = (event) => {
  if (state.key === null || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement;
  if (event.key === 'Escape') {
    if (typing && state.narrow !== '') byId('narrow').value = state.narrow = '';
    else if (typing) event.target.blur();
    else closeDetail();
    return render();
  }
  if (typing) {
    if (event.key === 'ArrowDown' || event.key === 'Enter') move(1);
    else return;
  } else if (event.key === 'j' || (event.key === 'ArrowDown' && !inDetail(event))) move(1);
  else if (event.key === 'k' || (event.key === 'ArrowUp' && !inDetail(event))) move(-1);
  else if (event.key === 'Enter' && event.target.closest?.('button, a, summary') === null) {
    if (state.selected === null) return;
    openDetail(state.selected);
    byId('detail').focus();
  } else if (event.key === '/') byId('narrow').focus();
  else return;
  event.preventDefault();
};
/** There the arrows scroll. */
const inDetail = (event) => byId('detail').contains(event.target);

const keyFromAddress = () => {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (key !== null) history.replaceState(null, '', location.pathname);
  return key;
};
const deliveryFromAddress = () => /^#\/deliveries\/([0-9a-f-]{36})$/.exec(location.hash)?.[1] ?? null;

const begin = () => {
  const key = keyFromAddress();
  const wanted = deliveryFromAddress();
  chips();
  byId('key-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = byId('key').value.trim();
    if (/^[\x21-\x7e]+$/.test(typed)) signIn(typed);
    else signOut('That is not a key: keys start with mr_ and have no spaces.');
  });
  byId('change-key').addEventListener('click', () => signOut());
  byId('older').addEventListener('click', loadOlder);
  byId('narrow').addEventListener('input', (event) => {
    state.narrow = event.target.value;
    render();
  });
  document.addEventListener('keydown', onKey);
  document.addEventListener('visibilitychange', () => {
    showConnection();
    refresh();
  });
  addEventListener('hashchange', () => {
    const given = keyFromAddress();
    if (given !== null) signIn(given);
  });
  setInterval(() => {
    for (const { row, was } of rows.values())
      if (was !== '' && !document.hidden) setText(row.lastElementChild, ago(JSON.parse(was).createdAt));
  }, 5_000);
  if (key === null) signOut();
  // Kept until there is a key, so that a link to a delivery survives the question for one.
  state.open = wanted;
  if (key !== null) signIn(key);
};

begin();
