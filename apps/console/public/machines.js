import { read } from './api.js';
import { countOnChips } from './chips.js';
import { byId, el, setText, statusLabel } from './dom.js';
import { openMachine, refreshMachine } from './machine.js';
import { closePane } from './pane.js';
import { go, hashOf } from './routes.js';
import { makeTable } from './table.js';
import { ago, counted, MACHINE_STATUSES, timeOf } from './words.js';

/** What each machine is doing now. The API gives them by name; all pages are read, one a second. */

const PAGE = 500;
const TROUBLED = ['down', 'offline', 'unknown'];

const emptyList = () => ({ known: new Map(), found: new Map(), cursor: null, loaded: false, complete: false });
const state = { ...emptyList(), filters: { status: null, text: null }, open: null, lacking: null };
let table;

const hashWith = (parts, filters = state.filters) => hashOf('machines', parts, filters);
const openDetail = (id, replace = false) => go(hashWith([id]), replace);
const close = () => go(hashWith([]));
const removed = (id) => {
  for (const list of [state.known, state.found]) list.delete(id);
  close();
};
const filter = (changes, replace = false) => go(hashWith([], { ...state.filters, ...changes }), replace);

const walk = async (signal) => {
  const query = new URLSearchParams({
    limit: String(PAGE),
    ...(state.cursor === null ? {} : { cursor: state.cursor }),
  });
  const { known } = state;
  const page = await read(`/v1/machines?${query}`, signal);
  if (state.known !== known) return;
  for (const machine of page.data) {
    state.found.set(machine.id, machine);
    known.set(machine.id, machine);
  }
  Object.assign(state, { cursor: page.nextCursor, lacking: null, loaded: true });
  if (page.nextCursor === null) Object.assign(state, { known: state.found, found: new Map(), complete: true });
  render();
};

const visible = () => {
  const { status, text } = state.filters;
  const wanted = (text ?? '').trim().toLowerCase();
  return [...state.known.values()]
    .filter((each) => (status === null || each.status === status) && each.id.toLowerCase().includes(wanted))
    .sort((one, other) => (one.id < other.id ? -1 : 1));
};

const doing = ({ currentRun, lastRun }) => {
  if (currentRun !== null) {
    const parts = currentRun.parts === null ? '' : `, ${counted(currentRun.parts, 'part')}`;
    // Its parts are still counted after its end, while the machine is idle already.
    if (currentRun.endedAt !== null)
      return `finishing${currentRun.program === null ? '' : ` ${currentRun.program}`}${parts}`;
    return `${currentRun.program ?? 'running'}${parts}`;
  }
  return lastRun === null ? '–' : `last: ${lastRun.program ?? 'a run'}`;
};

const fill = (cells, machine) => {
  const [status, name, run, alarms] = cells;
  status.replaceChildren(statusLabel(machine.status));
  name.replaceChildren(el('span', { class: 'type' }, machine.id));
  setText(run, doing(machine));
  run.title = run.textContent;
  const active = machine.alarms.length;
  alarms.replaceChildren(el('span', { class: active === 0 ? 'soft' : 'bad' }, active === 0 ? '–' : String(active)));
  alarms.title = machine.alarms.map(({ code, text }) => `${code} ${text}`.trim()).join('\n');
  tellTimes(cells, machine);
};
const tellTimes = (cells, machine) => {
  setText(cells[4], machine.since === null ? '–' : ago(machine.since));
  cells[4].title = machine.since === null ? '' : timeOf(machine.since);
  const last = machine.lastSignal;
  setText(cells[5], last === null ? '–' : ago(last.at));
  cells[5].title = last === null ? '' : `${last.path}, ${timeOf(last.at)}`;
};

const render = () => {
  const list = visible();
  table.render(list, state.loaded);
  if (state.open !== null) table.follow(state.open);
  countOnChips(
    byId('machines-chips'),
    ({ dataset }) => dataset.status,
    state.known.values(),
    ({ status }) => status,
    TROUBLED,
  );
  setText(byId('machines-count'), list.length === 0 ? '' : counted(list.length, 'machine'));
  byId('machines-empty').hidden = list.length > 0;
  if (list.length > 0) return;
  const [title, hint] =
    state.lacking !== null
      ? ['This key may not see machines', `It lacks the scope ${state.lacking}.`]
      : !state.loaded
        ? ['Asking for the machines…', '']
        : state.known.size > 0
          ? ['No machine is like that', 'Take a filter away to see the others.']
          : [
              'No machines yet',
              'A machine shows here with its first signal: add a source, or send to POST /v1/signals.',
            ];
  setText(byId('machines-empty-title'), title);
  setText(byId('machines-empty-hint'), hint);
};

const showFilters = () => {
  for (const chip of byId('machines-chips').querySelectorAll('button'))
    chip.setAttribute('aria-pressed', String((chip.dataset.status ?? null) === state.filters.status));
  if (document.activeElement !== byId('machines-narrow')) byId('machines-narrow').value = state.filters.text ?? '';
};

export const machines = {
  title: 'Machines',
  narrow: 'machines-narrow',

  begin() {
    table = makeTable({
      body: byId('machine-rows'),
      columns: [null, null, 'wide', 'number', 'number big', 'number'],
      fill,
      open: (id) => openDetail(id),
    });
    for (const status of [null, ...MACHINE_STATUSES]) {
      const chip = el(
        'button',
        { type: 'button', class: 'chip', 'aria-pressed': String(status === null), 'data-status': status },
        status === null ? 'All' : status[0].toUpperCase() + status.slice(1),
      );
      chip.addEventListener('click', () => filter({ status }));
      byId('machines-chips').append(chip);
    }
    byId('machines-narrow').addEventListener('input', (event) => filter({ text: event.target.value || null }, true));
    setInterval(() => {
      if (!document.hidden) table.each(tellTimes);
    }, 1_000);
  },
  forget() {
    Object.assign(state, emptyList(), { filters: { status: null, text: null }, open: null, lacking: null });
    table.clear();
    render();
  },
  show({ parts: [id = null], query }) {
    const before = state.open;
    const status = query.get('status');
    state.filters = { status: MACHINE_STATUSES.includes(status) ? status : null, text: query.get('text') || null };
    state.open = id;
    showFilters();
    if (id !== null) openMachine(id, { close, removed });
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
    await walk(signal);
    if (state.open !== null) await refreshMachine(state.open, signal);
    return state.complete ? undefined : 0;
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
    close();
    return true;
  },
  clearNarrow() {
    if (state.filters.text === null) return false;
    byId('machines-narrow').value = '';
    filter({ text: null }, true);
    return true;
  },
};
