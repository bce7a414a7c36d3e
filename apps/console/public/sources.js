import { read } from './api.js';
import { countOnChips } from './chips.js';
import { byId, el, setText } from './dom.js';
import { closePane } from './pane.js';
import { go, hashOf } from './routes.js';
import { forgetSource, openSource, refreshSource } from './source.js';
import { openSourceForm } from './source-form.js';
import { connectionOf, sourceLabel, troubleOf } from './source-state.js';
import { makeTable } from './table.js';
import { ago, counted, SOURCE_CONNECTIONS, timeOf, until } from './words.js';

/** What machines are read from, and how each source is doing. */

const state = { list: [], loaded: false, filters: { connection: null, text: null }, open: null, lacking: null };
let table;

const TROUBLED = ['disconnected', 'degraded', 'waiting'];

const hashWith = (parts, filters = state.filters) => hashOf('sources', parts, filters);
const openDetail = (name, replace = false) => go(hashWith([name]), replace);
const close = () => go(hashWith([]));
const filter = (changes, replace = false) => go(hashWith([], { ...state.filters, ...changes }), replace);

const visible = () => {
  const { connection, text } = state.filters;
  const wanted = (text ?? '').trim().toLowerCase();
  return state.list
    .filter((each) => connection === null || connectionOf(each) === connection)
    .filter((each) => `${each.name} ${each.type} ${(each.machines ?? []).join(' ')}`.toLowerCase().includes(wanted))
    .map((each) => ({ ...each, id: each.name }));
};

const fill = (cells, source) => {
  const [connection, name, type, machines, rate] = cells;
  connection.replaceChildren(sourceLabel(source));
  connection.title = source.state.reason ?? '';
  name.title = source.name;
  name.replaceChildren(
    el(
      'div',
      { class: 'one-line' },
      el('span', { class: 'type' }, source.name),
      source.readOnly ? el('span', { class: 'soft' }, ' from the environment') : '',
    ),
    el('div', { class: 'two-lines narrow-only' }),
  );
  setText(type, source.type);
  type.title = source.type;
  const named = source.machines ?? [];
  setText(
    machines,
    named.length === 0 ? 'its peer says' : named.length > 3 ? counted(named.length, 'machine') : named.join(', '),
  );
  machines.title = named.join('\n');
  setText(
    rate,
    source.state.rate === 0 ? '–' : `${source.state.rate.toLocaleString(undefined, { maximumFractionDigits: 1 })}/s`,
  );
  tellTimes(cells, source);
};
const tellTimes = (cells, source) => {
  const { lastSignal, nextTryAt } = source.state;
  setText(cells[5], lastSignal === null ? '–' : ago(lastSignal.at));
  cells[5].title = lastSignal === null ? '' : `${lastSignal.machine} ${lastSignal.path}, ${timeOf(lastSignal.at)}`;
  const trouble = troubleOf(source);
  const told = trouble?.said ?? '';
  // On a small screen it stands under the name: what is wrong is what people come for.
  const [under, beside] = [cells[1].lastElementChild, cells[6].firstElementChild ?? el('div', { class: 'two-lines' })];
  if (beside.parentElement === null) cells[6].append(beside);
  setText(under, told);
  setText(beside, told || '–');
  for (const place of [under, beside]) place.classList.toggle('soft', trouble?.over ?? true);
  cells[6].title = `${told}${trouble === null || trouble.over || nextTryAt === null ? '' : `\nNext try ${until(nextTryAt)}.`}`;
};

const render = () => {
  const list = visible();
  table.render(list, state.loaded);
  if (state.open !== null && state.open !== 'new') table.follow(state.open);
  countOnChips(byId('sources-chips'), ({ dataset }) => dataset.connection, state.list, connectionOf, TROUBLED);
  setText(byId('sources-count'), list.length === 0 ? '' : counted(list.length, 'source'));
  byId('sources-empty').hidden = list.length > 0;
  if (list.length > 0) return;
  const [title, hint] =
    state.lacking !== null
      ? ['This key may not see sources', `It lacks the scope ${state.lacking}.`]
      : !state.loaded
        ? ['Asking for the sources…', '']
        : state.list.length > 0
          ? ['No source is like that', 'Take a filter away to see the others.']
          : [
              'No sources yet',
              'A source says where signals come from: an agent, a broker, a server, a folder, a push.',
            ];
  setText(byId('sources-empty-title'), title);
  setText(byId('sources-empty-hint'), hint);
};

const readAllSources = async (signal) => {
  const found = [];
  let cursor = null;
  do {
    const query = new URLSearchParams({ limit: '200', ...(cursor === null ? {} : { cursor }) });
    const page = await read(`/v1/sources?${query}`, signal);
    found.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return found;
};

const showFilters = () => {
  for (const chip of byId('sources-chips').querySelectorAll('button'))
    chip.setAttribute('aria-pressed', String((chip.dataset.connection ?? null) === state.filters.connection));
  if (document.activeElement !== byId('sources-narrow')) byId('sources-narrow').value = state.filters.text ?? '';
};

export const sources = {
  title: 'Sources',
  narrow: 'sources-narrow',

  begin() {
    table = makeTable({
      body: byId('source-rows'),
      columns: [null, null, 'wide', 'wide', 'number big', 'number', 'beside'],
      fill,
      open: (name) => openDetail(name),
    });
    for (const connection of [null, ...SOURCE_CONNECTIONS]) {
      const chip = el(
        'button',
        { type: 'button', class: 'chip', 'aria-pressed': String(connection === null), 'data-connection': connection },
        connection === null ? 'All' : connection[0].toUpperCase() + connection.slice(1),
      );
      chip.addEventListener('click', () => filter({ connection }));
      byId('sources-chips').append(chip);
    }
    byId('sources-narrow').addEventListener('input', (event) => filter({ text: event.target.value || null }, true));
    byId('new-source').addEventListener('click', () => sources.add());
    setInterval(() => {
      if (!document.hidden) table.each(tellTimes);
    }, 1_000);
  },
  forget() {
    Object.assign(state, {
      list: [],
      loaded: false,
      filters: { connection: null, text: null },
      open: null,
      lacking: null,
    });
    table.clear();
    forgetSource();
    render();
  },
  show({ parts: [name = null, more = null], query }) {
    const before = state.open;
    const connection = query.get('connection');
    state.filters = {
      connection: SOURCE_CONNECTIONS.includes(connection) ? connection : null,
      text: query.get('text') || null,
    };
    state.open = name;
    showFilters();
    if (name === 'new')
      openSourceForm({ known: null, all: () => state.list, close, saved: (made) => go(hashWith([made.name]), true) });
    else if (name !== null && more === 'settings')
      openSourceForm({
        known: state.list.find((each) => each.name === name) ?? { name },
        all: () => state.list,
        close: () => openDetail(name),
        saved: () => openDetail(name, true),
      });
    else if (name !== null)
      openSource(name, {
        close,
        edit: () => go(hashWith([name, 'settings'])),
        deleted: () => {
          state.list = state.list.filter((each) => each.name !== name);
          close();
        },
      });
    else {
      closePane();
      if (before === 'new') byId('new-source').focus();
      else if (before !== null && table.selected() !== null) table.select(table.selected());
    }
    render();
  },
  hide() {
    state.open = null;
  },
  async refresh(signal) {
    state.list = await readAllSources(signal);
    Object.assign(state, { loaded: true, lacking: null });
    render();
    if (state.open !== null && state.open !== 'new')
      await refreshSource(state.open, state.list.find((each) => each.name === state.open) ?? null, state.list);
  },
  lacks(problem) {
    Object.assign(state, { list: [], loaded: false, lacking: problem.scope });
    render();
  },
  move(step) {
    const name = table.move(step);
    if (name !== null && state.open !== null && state.open !== 'new' && state.open !== name) openDetail(name, true);
  },
  open() {
    if (table.selected() === null) return false;
    openDetail(table.selected());
    return true;
  },
  close() {
    if (state.open === null) return false;
    close();
    return true;
  },
  add() {
    go(hashWith(['new']));
  },
  clearNarrow() {
    if (state.filters.text === null) return false;
    byId('sources-narrow').value = '';
    filter({ text: null }, true);
    return true;
  },
};
