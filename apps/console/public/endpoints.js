import { Problem, read } from './api.js';
import { byId, cutInMiddle, el, setText, statusLabel } from './dom.js';
import { forgetEndpoint, openEndpoint, refreshEndpoint } from './endpoint.js';
import { openEndpointForm } from './endpoint-form.js';
import { contracts, endpointsChanged, learn } from './known.js';
import { closePane } from './pane.js';
import { go, hashOf } from './routes.js';
import { makeTable } from './table.js';
import { ago, contractTitle, ENDPOINT_STATUSES, endpointReasonOf, timeOf, until } from './words.js';

/** All endpoints of the tenant under all contracts; the API has no filters here, so all are read and narrowed in the page. */

const PAGE = 200;
const FILTERS = ['status', 'contract', 'text'];

const emptyList = () => ({
  /** By id: what is known now. */
  known: new Map(),
  /** What this walk over the pages has found so far; what it misses in the end is no longer there. */
  found: new Map(),
  cursor: null,
  loaded: false,
  /** Whether the first walk is over. */
  complete: false,
});

const state = {
  ...emptyList(),
  filters: { status: null, contract: null, text: null },
  open: null,
  testing: false,
  lacking: null,
};
let table;

const hashWith = (parts, filters = state.filters) => hashOf('endpoints', parts, filters);
const openDetail = (id, replace = false) => go(hashWith([id]), replace);
const close = () => go(hashWith([]));

/** One page a second: of a tenant with many, the walk goes on where it was. */
const walk = async (signal) => {
  const query = new URLSearchParams({
    limit: String(PAGE),
    ...(state.cursor === null ? {} : { cursor: state.cursor }),
  });
  const { known } = state;
  let page;
  try {
    page = await read(`/v1/endpoints?${query}`, signal);
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'invalid_cursor')) throw error;
    Object.assign(state, { cursor: null, found: new Map() });
    return;
  }
  if (state.known !== known) return;
  for (const endpoint of page.data) {
    state.found.set(endpoint.id, endpoint);
    known.set(endpoint.id, endpoint);
  }
  learn(page.data);
  state.cursor = page.nextCursor;
  state.lacking = null;
  state.loaded = true;
  if (page.nextCursor === null) Object.assign(state, { known: state.found, found: new Map(), complete: true });
  render();
};

const visible = () => {
  const { status, contract, text } = state.filters;
  const wanted = (text ?? '').trim().toLowerCase();
  return [...state.known.values()]
    .filter(
      (each) =>
        (status === null || each.status === status) &&
        (contract === null || each.contract === contract) &&
        `${each.url} ${each.id} ${each.description ?? ''} ${each.eventTypes.join(' ')}`.toLowerCase().includes(wanted),
    )
    .sort((one, other) =>
      one.createdAt === other.createdAt ? (one.id < other.id ? 1 : -1) : one.createdAt < other.createdAt ? 1 : -1,
    );
};

const render = () => {
  const list = visible();
  table.render(list, state.loaded);
  if (state.open !== null) table.follow(state.open);
  byId('endpoints-empty').hidden = list.length > 0;
  const narrowed = Object.values(state.filters).some((value) => value !== null);
  const [title, hint] =
    state.lacking !== null
      ? [
          'This key may not see endpoints',
          `It lacks the scope ${state.lacking}. Whoever made the key can make one with it; the other views go on working.`,
        ]
      : !state.loaded
        ? ['Asking for the endpoints…', '']
        : narrowed
          ? ['No endpoint is like that', 'Take a filter away to see the others.']
          : ['No endpoints yet', 'An endpoint says where events are sent to, and under which contract.'];
  setText(byId('endpoints-empty-title'), title);
  setText(byId('endpoints-empty-hint'), hint);
  setText(
    byId('endpoints-count'),
    state.loaded
      ? `${list.length}${list.length === state.known.size ? '' : ` of ${state.known.size}`} shown${state.complete ? '' : ', more are being read'}`
      : '',
  );
};

export const sinceOf = ({ status, statusReason, statusSince }) =>
  `${statusReason === null || status === 'active' ? '' : `${endpointReasonOf(statusReason)}, `}${ago(statusSince)}`;

const fill = (cells, endpoint) => {
  const [status, url, contract, types, since, parked, probe] = cells;
  status.replaceChildren(statusLabel(endpoint.status));
  url.replaceChildren(
    el(
      'div',
      { class: 'where' },
      cutInMiddle(endpoint.url.replace(/^https:\/\//, ''), 'type'),
      endpoint.description === null ? null : el('span', { class: 'soft roomy' }, endpoint.description),
    ),
    // Where the columns for them have no room; of many types the end is cut, the contract stays.
    el(
      'div',
      { class: 'under soft' },
      el('span', { class: 'under-contract' }, contractTitle(endpoint.contract)),
      el('span', {}, [endpoint.eventTypes.join(', '), endpoint.description].filter(Boolean).join(' · ')),
    ),
  );
  url.title = `${endpoint.url} · ${endpoint.id}`;
  setText(contract, contractTitle(endpoint.contract));
  setText(types, endpoint.eventTypes.join(', '));
  types.title = endpoint.eventTypes.join('\n');
  since.title = timeOf(endpoint.statusSince);
  setText(parked, endpoint.parked === 0 ? '–' : endpoint.parked.toLocaleString());
  probe.title = endpoint.nextProbeAt === null ? '' : timeOf(endpoint.nextProbeAt);
  tellTimes(cells, endpoint);
};
const tellTimes = (cells, endpoint) => {
  setText(cells[4], sinceOf(endpoint));
  setText(cells[6], endpoint.nextProbeAt === null ? '–' : until(endpoint.nextProbeAt));
};

const filter = (changes, replace = false) => go(hashWith([], { ...state.filters, ...changes }), replace);

const offerContracts = async () => {
  const known = await contracts().catch(() => []);
  const select = byId('endpoints-contract');
  select.replaceChildren(
    el('option', { value: '' }, 'All contracts'),
    ...known.map(({ name }) => el('option', { value: name }, contractTitle(name))),
  );
  showFilters();
};
const showFilters = () => {
  const select = byId('endpoints-contract');
  const { contract, status, text } = state.filters;
  if (contract !== null && ![...select.options].some(({ value }) => value === contract))
    select.append(el('option', { value: contract }, contractTitle(contract)));
  select.value = contract ?? '';
  for (const chip of byId('endpoints-chips').querySelectorAll('button'))
    chip.setAttribute('aria-pressed', String((chip.dataset.status ?? null) === status));
  if (document.activeElement !== byId('endpoints-narrow')) byId('endpoints-narrow').value = text ?? '';
};

export const endpoints = {
  title: 'Endpoints',
  narrow: 'endpoints-narrow',

  begin() {
    table = makeTable({
      body: byId('endpoint-rows'),
      columns: [null, null, 'wide', 'wide', 'wide', 'number big', 'number big'],
      fill,
      open: (id) => openDetail(id),
    });
    for (const status of [null, ...ENDPOINT_STATUSES]) {
      const chip = el(
        'button',
        { type: 'button', class: 'chip', 'aria-pressed': String(status === null), 'data-status': status },
        status === null ? 'All' : status[0].toUpperCase() + status.slice(1),
      );
      chip.addEventListener('click', () => filter({ status }));
      byId('endpoints-chips').append(chip);
    }
    byId('endpoints-contract').addEventListener('change', (event) => filter({ contract: event.target.value || null }));
    byId('endpoints-narrow').addEventListener('input', (event) => filter({ text: event.target.value || null }, true));
    byId('new-endpoint').addEventListener('click', () => endpoints.add());
    setInterval(() => {
      if (!document.hidden) table.each(tellTimes);
    }, 1_000);
  },
  forget() {
    Object.assign(state, emptyList(), { open: null, testing: false, lacking: null });
    table.clear();
    forgetEndpoint();
  },
  show({ parts: [id = null, more = null], query }, arriving) {
    const filters = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) || null]));
    if (!ENDPOINT_STATUSES.includes(filters.status)) filters.status = null;
    const before = state.open;
    Object.assign(state, { filters, open: id, testing: more === 'test' });
    if (arriving) offerContracts();
    showFilters();
    if (id === 'new')
      openEndpointForm({
        contract: query.get('contract') ?? 'standard',
        close,
        created: (endpoint) => {
          endpointsChanged();
          state.known.set(endpoint.id, endpoint);
          learn([endpoint]);
          go(hashOf('endpoints', [endpoint.id]), true);
        },
      });
    else if (id !== null)
      openEndpoint(id, {
        known: state.known.get(id) ?? null,
        testing: state.testing,
        close,
        deleted: () => {
          endpointsChanged();
          Object.assign(state, { found: new Map(), cursor: null });
          state.known.delete(id);
          close();
        },
      });
    else {
      closePane();
      if (before === 'new') byId('new-endpoint').focus();
      else if (before !== null && table.selected() !== null) table.select(table.selected());
    }
    render();
  },
  hide() {
    Object.assign(state, { open: null, testing: false });
  },
  async refresh(signal) {
    await walk(signal);
    if (state.open !== null && state.open !== 'new') await refreshEndpoint(state.open, signal);
    return state.complete ? undefined : 0;
  },
  lacks(problem) {
    Object.assign(state, emptyList(), { lacking: problem.scope });
    render();
  },
  move(step) {
    const id = table.move(step);
    if (id !== null && state.open !== null && state.open !== 'new' && state.open !== id) openDetail(id, true);
  },
  open() {
    if (table.selected() === null) return false;
    openDetail(table.selected());
    return true;
  },
  close() {
    if (state.open === null) return false;
    if (state.testing) go(hashWith([state.open]));
    else close();
    return true;
  },
  add() {
    go(hashWith(['new']));
  },
  clearNarrow() {
    if (state.filters.text === null) return false;
    byId('endpoints-narrow').value = '';
    filter({ text: null }, true);
    return true;
  },
};
