import { change, read, wordsOf } from './api.js';
import { ask } from './dialog.js';
import { byId, el, setText, statusLabel } from './dom.js';
import { field, textInput } from './forms.js';
import { refresh, troubled } from './live.js';
import { closePane } from './pane.js';
import { originOf } from './quarantine-origin.js';
import { openQuarantined, refreshQuarantined } from './quarantined.js';
import { go, hashOf } from './routes.js';
import { say } from './said.js';
import { makeTable } from './table.js';
import { ago, counted, QUARANTINE_STATES, timeOf } from './words.js';

/** What could not be used, why, and the way to send it on again. */

const PAGE = 100;
/** Records that one press of the button drives again; more take another press. */
const MOST = 1000;
const FILTERS = ['state', 'list', 'code'];

const emptyList = () => ({ first: [], older: [], nextCursor: null, loaded: false, list: Symbol('list') });
const noFilters = () => ({ state: 'open', list: null, code: null });
const state = { ...emptyList(), filters: noFilters(), narrow: '', open: null, lacking: null };
let table;

/** The state that stands in the address: what is open is what people come for, so it is left out there. */
const hashWith = (open, filters = state.filters) =>
  hashOf('quarantine', open === null ? [] : [open], {
    ...filters,
    state: filters.state === 'open' ? null : (filters.state ?? 'all'),
  });
const openDetail = (id, replace = false) => go(hashWith(id), replace);
const closeDetail = () => go(hashWith(null));
const filter = (changes) => go(hashWith(null, { ...state.filters, ...changes }));

const listPath = (cursor) => {
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const [name, value] of Object.entries(state.filters)) if (value !== null) query.set(name, value);
  if (cursor) query.set('cursor', cursor);
  return `/v1/quarantine?${query}`;
};

const takePage = (page) => {
  if (state.older.length === 0) state.nextCursor = page.nextCursor;
  const ids = new Set(page.data.map(({ id }) => id));
  state.older = state.older.filter(({ id }) => !ids.has(id));
  Object.assign(state, { first: page.data, loaded: true, lacking: null });
  render();
};

const loadOlder = async () => {
  byId('older-quarantined').disabled = true;
  const asked = state.list;
  try {
    const page = await read(listPath(state.nextCursor));
    if (state.list !== asked) return;
    const known = new Set([...state.first, ...state.older].map(({ id }) => id));
    state.older.push(...page.data.filter(({ id }) => !known.has(id)));
    state.nextCursor = page.nextCursor;
    render();
  } catch (error) {
    if (state.list === asked) troubled(error);
  } finally {
    byId('older-quarantined').disabled = false;
  }
};

/* ---- the list ---- */

const visible = () => {
  const text = state.narrow.trim().toLowerCase();
  const wanted = state.filters.state;
  return [...state.first, ...state.older]
    .filter((each) => wanted === null || each.state === wanted)
    .filter((each) => `${each.code} ${each.detail} ${each.origin.topic} ${each.id}`.toLowerCase().includes(text));
};

const fill = ([stateCell, code, detail, origin, when], item) => {
  stateCell.replaceChildren(statusLabel(item.state));
  code.replaceChildren(
    el('span', { class: 'type' }, item.code.replace(/_/g, ' ')),
    item.redrivenFrom === null ? '' : el('span', { class: 'soft' }, ' came back'),
  );
  code.title = item.code;
  setText(detail, item.detail);
  detail.title = item.detail;
  const { source } = originOf(item);
  origin.replaceChildren(source === null ? el('span', { class: 'mono' }, item.origin.topic) : source);
  origin.title = `${item.origin.topic}, position ${item.origin.offset}`;
  setText(when, ago(item.at));
  when.title = timeOf(item.at);
};

const render = () => {
  const list = visible();
  table.render(list, state.loaded);
  if (state.open !== null) table.follow(state.open);
  byId('older-quarantined').hidden = state.nextCursor === null;
  setText(byId('quarantine-count'), list.length === 0 ? '' : `${list.length} shown`);
  byId('redrive-all').hidden = !list.some((each) => each.state === 'open' && each.redrivable);
  byId('quarantine-empty').hidden = list.length > 0;
  if (list.length > 0) return;
  const narrowed = state.narrow.trim() !== '' || state.filters.code !== null || state.filters.list !== null;
  const [title, hint] =
    state.lacking !== null
      ? ['This key may not see the quarantine', `It lacks the scope ${state.lacking}.`]
      : !state.loaded
        ? ['Asking for the quarantine…', '']
        : narrowed
          ? ['Nothing in the quarantine is like that', 'Take a filter away to see the others.']
          : state.filters.state === 'open' || state.filters.state === null
            ? ['The quarantine is empty', 'What cannot be used lands here with its bytes and the reason. Nothing did.']
            : [`Nothing is ${state.filters.state}`, ''];
  setText(byId('quarantine-empty-title'), title);
  setText(byId('quarantine-empty-hint'), hint);
};

/* ---- many at once ---- */

/** First counted, then asked about: nobody should send a thousand records by one slip. */
const redriveAll = async () => {
  const list = state.filters.list ?? visible().find((each) => each.state === 'open' && each.redrivable)?.list;
  const wish = { list, limit: MOST, ...(state.filters.code === null ? {} : { code: state.filters.code }) };
  try {
    const would = await change('POST', '/v1/quarantine/redrive', { ...wish, dryRun: true });
    const count = would.matched - would.refused.length;
    if (count === 0) return say('None of them can be driven again: open one to see why.');
    const reason = textInput({ maxlength: '500' });
    ask({
      title: `Drive ${counted(count, 'record')} again?`,
      lines: [
        `All that is open of ${list}${wish.code === undefined ? '' : ` with ${wish.code}`} goes to its topic again, oldest first${would.more ? `, up to ${MOST} of them` : ''}.`,
        ...(would.refused.length === 0
          ? []
          : [`${counted(would.refused.length, 'other')} cannot: open one to see why.`]),
      ],
      action: 'Drive them again',
      fields: [field('reason', 'Reason (kept with each)', reason)],
      act: async () => {
        const text = reason.value.trim();
        const done = await change('POST', '/v1/quarantine/redrive', {
          ...wish,
          ...(text === '' ? {} : { reason: text }),
        });
        say(`${counted(done.redriven, 'record')} on the way again.`);
        refresh();
      },
    });
  } catch (error) {
    say(wordsOf(error));
  }
};

/* ---- the view ---- */

const showFilters = () => {
  for (const chip of byId('quarantine-chips').querySelectorAll('button'))
    chip.setAttribute('aria-pressed', String((chip.dataset.state ?? null) === state.filters.state));
  byId('quarantine-list').value = state.filters.list ?? '';
  if (document.activeElement !== byId('quarantine-code')) byId('quarantine-code').value = state.filters.code ?? '';
};
const takeCode = () => {
  const typed = byId('quarantine-code').value.trim().toLowerCase().replace(/[ -]/g, '_');
  if (typed !== '' && !/^[a-z0-9_]{1,64}$/.test(typed)) return say('A reason is like not_json.');
  if (typed !== (state.filters.code ?? '')) filter({ code: typed === '' ? null : typed });
};

const addChips = () => {
  for (const each of [...QUARANTINE_STATES, null]) {
    const chip = el(
      'button',
      { type: 'button', class: 'chip', 'aria-pressed': 'false', 'data-state': each },
      each === null ? 'All' : each[0].toUpperCase() + each.slice(1),
    );
    chip.addEventListener('click', () => filter({ state: each }));
    byId('quarantine-chips').append(chip);
  }
};

export const quarantine = {
  title: 'Quarantine',
  narrow: 'quarantine-narrow',

  begin() {
    table = makeTable({
      body: byId('quarantine-rows'),
      columns: [null, null, 'wide', null, 'number when'],
      fill,
      open: (id) => openDetail(id),
    });
    addChips();
    byId('older-quarantined').addEventListener('click', loadOlder);
    byId('redrive-all').addEventListener('click', redriveAll);
    byId('quarantine-narrow').addEventListener('input', (event) => {
      state.narrow = event.target.value;
      render();
    });
    byId('quarantine-list').addEventListener('change', (event) => filter({ list: event.target.value || null }));
    byId('quarantine-code').addEventListener('change', takeCode);
    byId('quarantine-code-form').addEventListener('submit', (event) => {
      event.preventDefault();
      takeCode();
    });
    setInterval(() => {
      if (!document.hidden) table.each((cells, { at }) => setText(cells[4], ago(at)));
    }, 5_000);
  },
  forget() {
    Object.assign(state, emptyList(), { filters: noFilters(), narrow: '', open: null, lacking: null });
    byId('quarantine-narrow').value = '';
    table.clear();
    render();
  },
  show({ parts: [id = null], query }) {
    const asked = query.get('state');
    const filters = {
      state: asked === 'all' ? null : QUARANTINE_STATES.includes(asked) ? asked : 'open',
      list: query.get('list') || null,
      code: query.get('code') || null,
    };
    if (FILTERS.some((name) => filters[name] !== state.filters[name])) Object.assign(state, emptyList(), { filters });
    const before = state.open;
    state.open = id;
    showFilters();
    if (id !== null) openQuarantined(id, closeDetail);
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
    if (state.open !== null) await refreshQuarantined(state.open, closeDetail, signal);
  },
  lacks(problem) {
    Object.assign(state, emptyList(), { lacking: problem.scope });
    render();
  },
  move(step) {
    const id = table.move(step);
    if (id !== null && state.open !== null && state.open !== id) openDetail(id, true);
  },
  open() {
    if (table.selected() === null) return false;
    openDetail(table.selected());
    return true;
  },
  close() {
    if (state.open === null) return false;
    closeDetail();
    return true;
  },
  clearNarrow() {
    if (state.narrow === '') return false;
    byId('quarantine-narrow').value = state.narrow = '';
    render();
    return true;
  },
};
