import { Problem, read } from './api.js';
import { byId, el, link, outcomeLabel, renew, setText, statusLabel } from './dom.js';
import { openConnectionForm, openExport, openExportForm } from './export.js';
import { openExportEvent, refreshExportEvent } from './export-event.js';
import { troubled } from './live.js';
import { closePane } from './pane.js';
import { go, hashOf } from './routes.js';
import { makeTable } from './table.js';
import { ago, counted, DELIVERY_STATUSES, timeOf, until } from './words.js';

/** Eclipse Pro: API connections with their export configurations, and the list of Export Events. */

const PAGE = 100;
const FILTERS = ['status', 'exportId'];

const emptyEvents = () => ({ first: [], older: [], nextCursor: null, loaded: false, list: Symbol('list') });
const state = {
  ...emptyEvents(),
  filters: { status: null, exportId: null },
  connections: [],
  exports: [],
  setUp: false,
  lackingSetup: null,
  lackingEvents: null,
  open: null,
};
let table;

const hashWith = (parts, filters = state.filters) => hashOf('exports', parts, filters);
const close = () => go(hashWith([]));
const openEvent = (id, replace = false) => go(hashWith(['events', id]), replace);

/* ---- connections and exports ---- */

const exportOf = (connectionId) => state.exports.find((each) => each.connectionId === connectionId) ?? null;

const readSetup = async (signal) => {
  const [connections, exports] = await Promise.all([
    read('/v1/connections?limit=200', signal),
    read('/v1/exports?limit=200', signal),
  ]);
  Object.assign(state, {
    connections: connections.data,
    exports: exports.data,
    more: connections.nextCursor !== null || exports.nextCursor !== null,
    setUp: true,
    lackingSetup: null,
  });
};

/** Why no export can be made now; null when one can, empty while it is not known or said elsewhere. */
const noExportBecause = () => {
  const { connections } = state;
  if (!state.setUp || state.lackingSetup !== null) return '';
  if (connections.length === 0) return 'An export needs a connection: make one first.';
  return connections.every(({ id }) => exportOf(id) !== null)
    ? 'Every connection has its export: for another, make a new connection first.'
    : null;
};

const renderSetup = () => {
  const { connections, exports } = state;
  const now = JSON.stringify([
    connections,
    exports,
    state.setUp,
    state.lackingSetup,
    exports.map(({ nextProbeAt }) => (nextProbeAt === null ? '' : until(nextProbeAt))),
  ]);
  if (byId('connections').dataset.shown === now) return;
  byId('connections').dataset.shown = now;
  const why = noExportBecause();
  byId('new-export').disabled = why !== null;
  byId('new-export').title = why ?? '';
  setText(byId('new-export-why'), why ?? '');
  byId('new-export-why').hidden = why === null || why === '';
  if (state.lackingSetup !== null || !state.setUp || connections.length === 0) {
    renew(
      byId('connections'),
      el(
        'p',
        { class: 'hint' },
        state.lackingSetup !== null
          ? `This key may not see connections and exports: it lacks the scope ${state.lackingSetup}. The export events below go on working where it may see them.`
          : !state.setUp
            ? 'Asking for the connections…'
            : 'Two steps: first an API connection, which says where bundles are sent to; then an export configuration, which sends them there.',
      ),
    );
    return;
  }
  renew(
    byId('connections'),
    el('ul', { class: 'cards' }, ...connections.map(connectionCard)),
    state.more ? el('p', { class: 'hint' }, 'There are more; the newest are shown.') : null,
  );
};

const connectionCard = (connection) => {
  const sends = exportOf(connection.id);
  return el(
    'li',
    { class: 'card-row' },
    el(
      'div',
      { class: 'card-what' },
      link(hashOf('exports', [connection.id]), connection.name),
      el('p', { class: 'hint mono' }, connection.baseUrl),
    ),
    sends === null
      ? el('p', {}, link(hashOf('exports', ['new'], { connectionId: connection.id }), 'Add its export configuration'))
      : el(
          'div',
          { class: 'card-state' },
          statusLabel(sends.status),
          el(
            'p',
            { class: 'hint' },
            [
              sends.status === 'down' && sends.nextProbeAt !== null ? `next try ${until(sends.nextProbeAt)}` : null,
              sends.queued === 0 ? 'nothing queued' : `${counted(sends.queued, 'bundle')} queued`,
            ]
              .filter((each) => each !== null)
              .join(', '),
          ),
        ),
  );
};

/* ---- export events ---- */

const listPath = (cursor) => {
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const [name, value] of Object.entries(state.filters)) if (value !== null) query.set(name, value);
  if (cursor) query.set('cursor', cursor);
  return `/v1/export-events?${query}`;
};

const takeEvents = (page) => {
  const ids = new Set(page.data.map(({ id }) => id));
  if (state.older.length === 0) state.nextCursor = page.nextCursor;
  else {
    const slid = state.first.filter(({ id }) => !ids.has(id));
    const overlaps = state.first.some(({ id }) => ids.has(id));
    // Too many are new at once: what is below would follow after a gap.
    if (overlaps) state.older = [...slid, ...state.older].filter(({ id }) => !ids.has(id) && ids.add(id));
    else Object.assign(state, { older: [], nextCursor: page.nextCursor });
  }
  Object.assign(state, { first: page.data, loaded: true, lackingEvents: null });
};

const loadOlder = async () => {
  byId('older-events').disabled = true;
  const asked = state.list;
  try {
    const page = await read(listPath(state.nextCursor));
    if (state.list !== asked) return;
    const known = new Set([...state.first, ...state.older].map(({ id }) => id));
    state.older.push(...page.data.filter(({ id }) => !known.has(id)));
    state.nextCursor = page.nextCursor;
    renderEvents();
  } catch (error) {
    if (state.list === asked) troubled(error);
  } finally {
    byId('older-events').disabled = false;
  }
};

const fill = (cells, event) => {
  const [status, bundle, job, attempts, outcome, next, when] = cells;
  status.replaceChildren(statusLabel(event.status));
  bundle.replaceChildren(el('span', { class: 'type' }, event.bundle?.BundleCode ?? 'no bundle code'));
  bundle.title = event.eventId;
  setText(job, event.bundle?.JobId ?? '–');
  setText(attempts, String(event.attempts));
  outcome.replaceChildren(outcomeLabel(event.lastOutcome));
  next.title = event.nextAttemptAt === null ? '' : timeOf(event.nextAttemptAt);
  when.title = timeOf(event.createdAt);
  tellTimes(cells, event);
};
const tellTimes = (cells, event) => {
  setText(cells[5], event.nextAttemptAt === null ? '–' : until(event.nextAttemptAt));
  setText(cells[6], ago(event.createdAt));
};

const renderEvents = () => {
  const list = [...state.first, ...state.older].filter(
    ({ status }) => state.filters.status === null || status === state.filters.status,
  );
  table.render(list, state.loaded);
  if (state.open?.[0] === 'events') table.follow(state.open[1]);
  byId('older-events').hidden = state.nextCursor === null;
  byId('exports-empty').hidden = list.length > 0;
  const narrowed = state.filters.status !== null || state.filters.exportId !== null;
  const [title, hint] =
    state.lackingEvents !== null
      ? ['This key may not see export events', `It lacks the scope ${state.lackingEvents}.`]
      : !state.loaded
        ? ['Asking for the export events…', '']
        : narrowed
          ? ['No export event is like that', 'Take a filter away to see the others.']
          : ['No export events yet', 'Each bundle that is completed shows here with its attempts.'];
  setText(byId('exports-empty-title'), title);
  setText(byId('exports-empty-hint'), hint);
  setText(byId('exports-count'), list.length === 0 ? '' : `${list.length} shown`);
};

/** Each half for itself: a key may see one of them. The scope that the key lacks; null when it has it. */
const lackingOf = async (act) => {
  try {
    await act();
    return null;
  } catch (error) {
    if (!(error instanceof Problem) || error.scope === null) throw error;
    return error.scope;
  }
};

const filter = (changes) => go(hashWith([], { ...state.filters, ...changes }));
const showFilters = () => {
  byId('events-status').value = state.filters.status ?? '';
  const select = byId('events-export');
  const choices = [
    ['', 'All exports'],
    ...state.exports.map(({ id, connectionId }) => [
      id,
      state.connections.find((each) => each.id === connectionId)?.name ?? id,
    ]),
  ];
  const { exportId } = state.filters;
  if (exportId !== null && !choices.some(([value]) => value === exportId)) choices.push([exportId, exportId]);
  const now = JSON.stringify(choices);
  if (select.dataset.shown !== now) {
    select.dataset.shown = now;
    select.replaceChildren(...choices.map(([value, text]) => el('option', { value }, text)));
  }
  select.value = exportId ?? '';
};

/** Of the list: the API's answer about a single one that was never attempted does not have it. */
const bundleOf = (id) => [...state.first, ...state.older].find((each) => each.id === id)?.bundle ?? null;

const showOpen = () => {
  const [kind, id = null] = state.open;
  const tools = { close, changed: readSetupNow };
  if (kind === 'events' && id !== null) return openExportEvent(id, close);
  if (kind === 'connections') return openConnectionForm(null, tools);
  if (kind === 'new')
    return openExportForm(
      state.connections.filter((each) => exportOf(each.id) === null),
      state.wanted,
      tools,
    );
  const connection = state.connections.find((each) => each.id === kind);
  if (connection === undefined) return;
  if (id === 'edit') return openConnectionForm(connection, tools);
  openExport(connection, exportOf(kind), tools);
};

const readSetupNow = async () => {
  // What was changed is changed; when this cannot be read now, the next second reads it.
  await lackingOf(() => readSetup()).catch(troubled);
  renderSetup();
  showFilters();
};

export const exportsView = {
  title: 'Exports',
  narrow: null,

  begin() {
    table = makeTable({
      body: byId('event-rows'),
      columns: [null, null, 'wide', 'number', 'big', 'number wide', 'number when'],
      fill,
      open: (id) => openEvent(id),
    });
    byId('events-status').append(
      el('option', { value: '' }, 'All statuses'),
      ...DELIVERY_STATUSES.map((status) => el('option', { value: status }, status)),
    );
    byId('events-status').addEventListener('change', (event) => filter({ status: event.target.value || null }));
    byId('events-export').addEventListener('change', (event) => filter({ exportId: event.target.value || null }));
    byId('new-connection').addEventListener('click', () => go(hashOf('exports', ['connections', 'new'])));
    byId('new-export').addEventListener('click', () => go(hashOf('exports', ['new'])));
    byId('older-events').addEventListener('click', loadOlder);
    setInterval(() => {
      if (!document.hidden) table.each(tellTimes);
    }, 1_000);
  },
  forget() {
    Object.assign(state, emptyEvents(), {
      connections: [],
      exports: [],
      setUp: false,
      lackingSetup: null,
      lackingEvents: null,
      open: null,
    });
    table.clear();
  },
  show({ parts, query }) {
    const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) || null]));
    if (!DELIVERY_STATUSES.includes(filters.status)) filters.status = null;
    if (FILTERS.some((name) => filters[name] !== state.filters[name])) Object.assign(state, emptyEvents(), { filters });
    const before = state.open;
    Object.assign(state, { open: parts.length === 0 ? null : parts, wanted: query.get('connectionId') });
    showFilters();
    if (state.open === null) {
      closePane();
      if (before?.[0] === 'events' && table.selected() !== null) table.select(table.selected());
      else if (before !== null) byId('new-connection').focus();
    } else if (state.setUp || state.open[0] === 'events' || state.open[0] === 'connections') showOpen();
    renderSetup();
    renderEvents();
  },
  hide() {
    state.open = null;
  },
  async refresh(signal) {
    const asked = state.list;
    const first = !state.setUp;
    const setup = await lackingOf(() => readSetup(signal));
    const events = await lackingOf(async () => {
      const page = await read(listPath(), signal);
      if (state.list === asked) takeEvents(page);
    });
    if (events !== null) Object.assign(state, emptyEvents());
    Object.assign(state, { lackingSetup: setup, lackingEvents: events });
    renderSetup();
    renderEvents();
    showFilters();
    const [kind, id] = state.open ?? [];
    if (kind === 'events' && id !== undefined) await refreshExportEvent(id, { close, bundle: bundleOf(id) }, signal);
    else if (kind !== undefined && (first || (kind.startsWith('cn_') && id !== 'edit'))) showOpen();
  },
  lacks() {
    // Each half says so itself.
  },
  move(step) {
    const id = table.move(step);
    if (id !== null && state.open?.[0] === 'events' && state.open[1] !== id) openEvent(id, true);
  },
  open() {
    if (table.selected() === null) return false;
    openEvent(table.selected());
    return true;
  },
  close() {
    if (state.open === null) return false;
    close();
    return true;
  },
  add() {
    go(hashOf('exports', ['connections', 'new']));
  },
  clearNarrow: () => false,
};
