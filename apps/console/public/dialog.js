import { button, byId, el } from './dom.js';
import { form } from './forms.js';

/** @param first what has the focus; afterwards it is where it was before */
const open = (first, ...content) => {
  const dialog = byId('dialog');
  const before = document.activeElement;
  dialog.replaceChildren(...content);
  dialog.onclose = () => {
    // The end of one is told later, and may be told when the next one is open.
    if (dialog.open) return;
    dialog.replaceChildren();
    if (before?.isConnected) before.focus();
  };
  dialog.showModal();
  first.focus();
};

/** Shows something until it is closed. */
export const tell = (title, about) => {
  const close = button('Close', 'primary', 'close', () => byId('dialog').close());
  open(close, el('h2', { id: 'dialog-title' }, title), about, el('div', { class: 'actions' }, close));
};

/**
 * Asks before something is done that cannot be taken back, or that needs a word. Escape and Cancel do nothing. What `act`
 * throws is shown in the dialog, which stays; so it does where `act` says false, having said why itself.
 * @param fields that the question needs; none for a plain yes or no
 */
export const ask = ({ title, lines, action, dangerous = false, fields = [], act }) => {
  const dialog = byId('dialog');
  const cancel = button('Cancel', 'plain', 'cancel', () => dialog.close());
  const question = form(
    title,
    action,
    [el('h2', { id: 'dialog-title' }, title), ...lines.map((line) => el('p', {}, line)), ...fields],
    async () => {
      if ((await act()) !== false) dialog.close();
    },
    [cancel],
  );
  if (dangerous) question.querySelector('[type="submit"]').className = 'danger';
  open(fields[0]?.querySelector('input, select, textarea') ?? cancel, question);
};
