import { button, el, hint } from './dom.js';
import { say } from './said.js';

/** Secrets that were made in this page and that nobody has said to have kept; by endpoint id, in memory only. */
const unkept = new Map();
export const rememberSecret = (endpointId, secret) => unkept.set(endpointId, secret);
export const hasSecret = (endpointId) => unkept.has(endpointId);
export const forgetSecrets = () => unkept.clear();

const copy = async (input) => {
  try {
    // There without TLS only where the address is localhost.
    await navigator.clipboard.writeText(input.value);
    say('The secret is copied.');
  } catch {
    input.focus();
    input.select();
    say('The browser does not let the page copy. The secret is marked: copy it with the keys of your system.');
  }
};

/** The one time that a secret is seen. */
export const secretNotice = (endpointId, kept) => {
  const secret = unkept.get(endpointId);
  if (secret === undefined) return null;
  const input = el('input', { type: 'text', readonly: '', class: 'mono', id: 'secret', 'data-key': 'secret' });
  input.value = secret;
  input.addEventListener('focus', () => input.select());
  return el(
    'section',
    { class: 'notice', 'aria-label': 'Secret' },
    el('label', { for: 'secret' }, 'The secret, shown this once'),
    el(
      'div',
      { class: 'field' },
      input,
      button('Copy', 'primary', 'copy', () => copy(input)),
    ),
    hint(
      'The receiver checks signatures with it. Millrace keeps it sealed and never shows it again: put it where the receiver reads it before you go on. If it is lost, make a new one.',
    ),
    button('I have kept it', 'plain', 'kept', () => {
      unkept.delete(endpointId);
      kept();
    }),
  );
};
