import { button, el, hint } from './dom.js';
import { say } from './said.js';

/** Secrets that were made in this page and that nobody has said to have kept; by what they belong to, in memory only. */
const unkept = new Map();
/** @param owner id of an endpoint, or `ownerOfSource` */
export const rememberSecret = (owner, secret) => unkept.set(owner, secret);
export const hasSecret = (owner) => unkept.has(owner);
export const forgetSecret = (owner) => unkept.delete(owner);
export const ownerOfSource = (name) => `source ${name}`;
export const forgetSecrets = () => unkept.clear();

const copy = async (input) => {
  try {
    // There without TLS only where the address is localhost.
    await navigator.clipboard.writeText(input.value);
    say('It is copied.');
  } catch {
    input.focus();
    input.select();
    say('The browser does not let the page copy. It is marked: copy it with the keys of your system.');
  }
};

const KEPT = 'Millrace keeps it sealed and never shows it again';
const AGAIN = 'put it where the receiver reads it before you go on. If it is lost, make a new one.';
/** What the secret is for, and whether it can be seen again: that depends on the contract. */
const ABOUT = {
  mes: (endpointId) => [
    'The receiver checks signatures with it: put it where the receiver reads it. This page does not show it again; a key with the scope ',
    el('code', {}, 'secrets:reveal'),
    ' can see it again, with ',
    el('code', {}, `GET /api/v2/webhooks/endpoints/${endpointId}/secret`),
    '.',
  ],
  eclipse: () => [
    `A receiver of Eclipse Pro checks the bearer token of its connection, and does not need this. The secret is only for the optional headers of Standard Webhooks, which go out beside the bundle: a receiver that wants to can check their signature with it. ${KEPT}. If it is lost, make a new one.`,
  ],
};
const shownAgain = (contract) => contract === 'mes';
/** For the field where people bring their own. */
export const ownSecretHint = (contract) =>
  shownAgain(contract)
    ? 'Bring one only when the receiver has it already; later only a key with the scope secrets:reveal can read it.'
    : 'Bring one only when the receiver has it already; it is not readable later.';

/** The one time that the page shows a secret; null where there is none, or it was kept. */
const notice = (owner, { title, label, about }, kept) => {
  const secret = unkept.get(owner);
  if (secret === undefined) return null;
  const input = el('input', { type: 'text', readonly: '', class: 'mono', id: 'secret', 'data-key': 'secret' });
  input.value = secret;
  input.addEventListener('focus', () => input.select());
  return el(
    'section',
    { class: 'notice', 'aria-label': title },
    el('label', { for: 'secret' }, label),
    el(
      'div',
      { class: 'field' },
      input,
      button('Copy', 'primary', 'copy', () => copy(input)),
    ),
    hint(...about),
    button('I have kept it', 'plain', 'kept', () => {
      unkept.delete(owner);
      kept();
    }),
  );
};

export const secretNotice = (endpointId, contract, kept) =>
  notice(
    endpointId,
    {
      title: 'Secret',
      label: shownAgain(contract) ? 'The secret' : 'The secret, shown this once',
      about: ABOUT[contract]?.(endpointId) ?? [`The receiver checks signatures with it. ${KEPT}: ${AGAIN}`],
    },
    kept,
  );

/** The token that the peer of a source sends. */
export const tokenNotice = (sourceName, kept) =>
  notice(
    ownerOfSource(sourceName),
    {
      title: 'Token',
      label: 'The token, shown this once',
      about: [
        'Its peer sends it to the address below, as the header ',
        el('code', {}, 'Authorization: Bearer …'),
        `. ${KEPT}: put it where the peer reads it before you go on. If it is lost, put another into the settings.`,
      ],
    },
    kept,
  );
