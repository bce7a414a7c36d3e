import { el } from './dom.js';

/**
 * A list whose rows stay where they are while their contents change: rows by id, one of them chosen, one tab stop.
 * @param columns class of each column's cells, or null
 * @param fill called with the cells and the item, when the item has changed
 * @param open called with the id of a row that is clicked
 */
export const makeTable = ({ body, columns, fill, open }) => {
  const rows = new Map();
  let selected = null;
  let shownOnce = false;

  const mark = () => {
    const first = body.firstElementChild?.dataset.id ?? null;
    for (const [id, { row }] of rows) {
      row.setAttribute('aria-selected', String(id === selected));
      row.tabIndex = id === (selected ?? first) ? 0 : -1;
    }
  };
  const select = (id, focus = true) => {
    selected = id;
    mark();
    const row = rows.get(id)?.row;
    if (focus) row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  };
  const makeRow = (id) => {
    const cells = columns.map((name) => el('td', { class: name }));
    const row = el('tr', { tabindex: '-1', 'data-id': id, class: shownOnce ? 'new' : null }, ...cells);
    row.addEventListener('click', (event) => {
      if (event.target.closest('a, button') !== null) return;
      select(id);
      open(id);
    });
    return { row, cells, was: '', item: null };
  };

  return {
    /** @param loaded false while the first answer is awaited: what comes with it is not new */
    render(list, loaded = true) {
      const kept = new Set(list.map(({ id }) => id));
      for (const [id, { row }] of rows)
        if (!kept.has(id)) {
          row.remove();
          rows.delete(id);
        }
      list.forEach((item, at) => {
        const entry = rows.get(item.id) ?? makeRow(item.id);
        rows.set(item.id, entry);
        entry.item = item;
        const now = JSON.stringify(item);
        if (entry.was !== now) {
          entry.was = now;
          fill(entry.cells, item);
        }
        if (body.children[at] !== entry.row) body.insertBefore(entry.row, body.children[at] ?? null);
      });
      shownOnce = loaded;
      if (selected !== null && !rows.has(selected)) selected = null;
      mark();
    },
    clear() {
      rows.clear();
      body.replaceChildren();
      selected = null;
      shownOnce = false;
    },
    select,
    /** Marks the row of what is open, however it was opened. */
    follow(id) {
      if (id !== selected && rows.has(id)) select(id, false);
    },
    selected: () => selected,
    has: (id) => rows.has(id),
    /** The id that is chosen afterwards; null in an empty list. */
    move(step) {
      const ids = [...body.children].map((row) => row.dataset.id);
      if (ids.length === 0) return null;
      const at = ids.indexOf(selected);
      select(ids[at < 0 ? (step > 0 ? 0 : ids.length - 1) : Math.min(Math.max(at + step, 0), ids.length - 1)]);
      return selected;
    },
    /** Times that are told from now. */
    each(told) {
      for (const { cells, item } of rows.values()) told(cells, item);
    },
  };
};
