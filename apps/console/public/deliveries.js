import { read } from './api.js';
import { openDelivery, refreshDelivery } from './delivery.js';
import { byId, el, outcomeLabel, setText, statusLabel } from './dom.js';
import { contracts, eventTypes, newestEndpoints, shortEndpoint, urlOf } from './known.js';
import { troubled } from './live.js';
import { closePane } from './pane.js';
import { go, hashOf } from './routes.js';
import { makeTable } from './table.js';
import { ago, clock, contractTitle, DELIVERY_STATUSES, timeOf } from './words.js';

/** The latest deliveries, narrowed at the server by status, contract, endpoint and event type. */

const PAGE = 100;
const FILTERS = ['status', 'contract', 'endpointId', 'eventType'];

const emptyList = () => ({
  /** Newest first, by id; the older ones are those below the first page. */
  first: [],
  older: [],
  nextCursor: null,
  loaded: false,
  keepOlder: false,
  /** Unix ms since which the first of the older rows may have changed. */
  olderAt: null,
  /** Differs from list to list, so that a late answer is known for what it is. */
  list: Symbol('list'),
});
const noFilters = () => Object.fromEntries(FILTERS.map((name) => [name, null]));

const state = { ...emptyList(), filters: noFilters(), narrow: '', open: null, lacking: null };
let table;

const hashWith = (open, filters = state.filters) => hashOf('deliveries', open === null ? [] : [open], filters);
const openDetail = (id, replace = false) => go(hashWith(id), replace);
const closeDetail = () => go(hashWith(null));

const listPath = (cursor) => {
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const [name, value] of Object.entries(state.filters)) if (value !== null) query.set(name, value);
  if (cursor) query.set('cursor', cursor);
  return `/v1/deliveries?${query}`;
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
  state.lacking = null;
  render();
};

const loadOlder = async () => {
  if (state.nextCursor === null) return;
  byId('older').disabled = true;
  const asked = state.list;
  try {
    const page = await read(listPath(state.nextCursor));
    // Another key or another filter was chosen meanwhile: these rows belong to a list that is not shown.
    if (state.list !== asked) return;
    const known = new Set([...state.first, ...state.older].map(({ id }) => id));
    state.older.push(...page.data.filter(({ id }) => !known.has(id)));
    state.nextCursor = page.nextCursor;
    state.keepOlder = true;
    state.olderAt ??= Date.now();
    render();
  } catch (error) {
    if (state.list === asked) troubled(error);
  } finally {
    byId('older').disabled = false;
  }
};

/* ---- the list ---- */

const visible = () => {
  const text = state.narrow.trim().toLowerCase();
  const { status } = state.filters;
  const all = [...state.first, ...state.older].filter((each) => status === null || each.status === status);
  return text === ''
    ? all
    : all.filter((d) =>
        `${d.eventType} ${d.endpointId} ${urlOf(d.endpointId) ?? ''} ${d.id} ${d.eventId}`.toLowerCase().includes(text),
      );
};

const render = () => {
  const list = visible();
  table.render(list, state.loaded);
  if (state.open !== null) table.follow(state.open);
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

const fill = ([status, type, endpoint, attempts, outcome, when], delivery) => {
  status.replaceChildren(statusLabel(delivery.status));
  type.replaceChildren(
    el('span', { class: 'type' }, delivery.eventType),
    delivery.trigger === 'event' ? '' : el('span', { class: 'soft' }, ` ${delivery.trigger}`),
  );
  type.title = `${delivery.eventType} · event ${delivery.eventId}`;
  nameEndpoint(endpoint, delivery);
  setText(attempts, String(delivery.attemptCount));
  outcome.replaceChildren(outcomeLabel(delivery.lastOutcome));
  setText(when, ago(delivery.createdAt));
  when.title = timeOf(delivery.createdAt);
};
const nameEndpoint = (cell, { endpointId }) => {
  if (cell.textContent === shortEndpoint(endpointId)) return;
  cell.replaceChildren(el('span', { class: 'mono' }, shortEndpoint(endpointId)));
  cell.title = endpointId;
};

const FILTER_WORDS = { contract: 'of this contract', endpointId: 'of this endpoint', eventType: 'of this event type' };
const showEmpty = (count) => {
  byId('empty').hidden = count > 0;
  if (count > 0) return;
  const { status, ...others } = state.filters;
  const narrowed = Object.entries(others).filter(([, value]) => value !== null);
  const [title, hint] =
    state.lacking !== null
      ? [
          'This key may not see deliveries',
          `It lacks the scope ${state.lacking}. Whoever made the key can make one with it; the other views go on working.`,
        ]
      : !state.loaded
        ? ['Asking for the latest deliveries…', '']
        : state.narrow.trim() !== ''
          ? [
              'Nothing here matches',
              `None of the loaded deliveries has “${state.narrow.trim()}” in its type, endpoint or id.`,
            ]
          : narrowed.length > 0
            ? [
                `No delivery ${narrowed.map(([name]) => FILTER_WORDS[name]).join(', ')}${status === null ? '' : ` is ${status}`}`,
                'Take a filter away to see the others.',
              ]
            : status !== null
              ? [`No delivery is ${status}`, 'Choose All to see the others.']
              : [
                  'No deliveries yet',
                  'Create an endpoint and publish an event: its delivery appears here within a second.',
                ];
  setText(byId('empty-title'), title);
  setText(byId('empty-hint'), hint);
};

/* ---- filters ---- */

const filter = (changes) => go(hashWith(null, { ...state.filters, ...changes }));

const showFilters = () => {
  for (const chip of byId('chips').querySelectorAll('button'))
    chip.setAttribute('aria-pressed', String((chip.dataset.status ?? null) === state.filters.status));
  const { contract, endpointId, eventType } = state.filters;
  choose(byId('by-contract'), contract, contract === null ? '' : contractTitle(contract));
  choose(byId('by-endpoint'), endpointId, endpointId === null ? '' : shortEndpoint(endpointId));
  if (document.activeElement !== byId('by-type')) byId('by-type').value = eventType ?? '';
  byId('clear-filters').hidden = contract === null && endpointId === null && eventType === null;
};
/** A link may name what the list of choices does not have. */
const choose = (select, value, text) => {
  if (value !== null && ![...select.options].some((option) => option.value === value))
    select.append(el('option', { value }, text));
  select.value = value ?? '';
};

const offerFilters = async () => {
  const [known, types, endpoints] = await Promise.allSettled([contracts(), eventTypes(), newestEndpoints()]);
  const offer = (select, all, choices) =>
    select.replaceChildren(
      el('option', { value: '' }, all),
      ...choices.map(([value, text]) => el('option', { value }, text)),
    );
  const named = (answer, toChoice) => (answer.status === 'fulfilled' ? answer.value.map(toChoice) : []);
  offer(
    byId('by-contract'),
    'All contracts',
    named(known, ({ name }) => [name, contractTitle(name)]),
  );
  offer(
    byId('by-endpoint'),
    'All endpoints',
    named(endpoints, ({ id }) => [id, shortEndpoint(id)]),
  );
  byId('types').replaceChildren(...named(types, ({ name }) => name).map((name) => el('option', { value: name })));
  showFilters();
  table.each((cells, delivery) => nameEndpoint(cells[2], delivery));
};

const takeType = () => {
  const typed = byId('by-type').value.trim();
  if (typed !== (state.filters.eventType ?? '')) filter({ eventType: typed === '' ? null : typed });
};

const addChips = () => {
  for (const status of [null, ...DELIVERY_STATUSES]) {
    const chip = el(
      'button',
      { type: 'button', class: 'chip', 'aria-pressed': String(status === null), 'data-status': status },
      status === null ? 'All' : status[0].toUpperCase() + status.slice(1),
    );
    chip.addEventListener('click', () => filter({ status }));
    byId('chips').append(chip);
  }
};

export const deliveries = {
  title: 'Deliveries',
  narrow: 'narrow',

  begin() {
    table = makeTable({
      body: byId('rows'),
      columns: [null, null, null, 'number', null, 'number when'],
      fill,
      open: (id) => openDetail(id),
    });
    addChips();
    byId('older').addEventListener('click', loadOlder);
    byId('narrow').addEventListener('input', (event) => {
      state.narrow = event.target.value;
      render();
    });
    byId('by-contract').addEventListener('change', (event) => filter({ contract: event.target.value || null }));
    byId('by-endpoint').addEventListener('change', (event) => filter({ endpointId: event.target.value || null }));
    byId('by-type').addEventListener('change', takeType);
    byId('type-form').addEventListener('submit', (event) => {
      event.preventDefault();
      takeType();
    });
    byId('clear-filters').addEventListener('click', () =>
      filter({ contract: null, endpointId: null, eventType: null }),
    );
    setInterval(() => {
      if (!document.hidden) table.each((cells, { createdAt }) => setText(cells[5], ago(createdAt)));
    }, 5_000);
  },
  /** A new key: nothing of the one before is left. */
  forget() {
    Object.assign(state, emptyList(), { filters: noFilters(), narrow: '', open: null, lacking: null });
    byId('narrow').value = '';
    table.clear();
    render();
  },
  show({ parts: [id = null], query }, arriving) {
    const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) || null]));
    if (!DELIVERY_STATUSES.includes(filters.status)) filters.status = null;
    if (FILTERS.some((name) => filters[name] !== state.filters[name])) Object.assign(state, emptyList(), { filters });
    const before = state.open;
    state.open = id;
    showFilters();
    if (arriving) offerFilters();
    if (id !== null) openDelivery(id, closeDetail);
    else {
      closePane();
      if (before !== null && table.selected() !== null) table.select(table.selected());
    }
    render();
  },
  hide() {
    state.open = null;
  },
  async refresh(signal) {
    const asked = state.list;
    const page = await read(listPath(), signal);
    if (state.list === asked) takePage(page);
    if (state.open !== null) await refreshDelivery(state.open, closeDetail, signal);
  },
  lacks(problem) {
    Object.assign(state, emptyList(), { lacking: problem.scope });
    render();
  },
  move(step) {
    const id = table.move(step);
    if (id !== null && state.open !== null && state.open !== id) openDetail(id, true);
  },
  /** Enter on the list. */
  open() {
    if (table.selected() === null) return false;
    openDetail(table.selected());
    return true;
  },
  /** Escape: the innermost thing that is open goes. */
  close() {
    if (state.open === null) return false;
    closeDetail();
    return true;
  },
  clearNarrow() {
    if (state.narrow === '') return false;
    byId('narrow').value = state.narrow = '';
    render();
    return true;
  },
};
