import { change, Problem, read, wordsOf } from './api.js';
import { ask } from './dialog.js';
import { button, byId, el, factList, headerList, hint, link, mono, prose, renew, statusLabel, textBox } from './dom.js';
import { field, textInput } from './forms.js';
import { parsedJson } from './json-field.js';
import { refresh } from './live.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { originOf } from './quarantine-origin.js';
import { hashOf } from './routes.js';
import { say } from './said.js';
import { counted, timeOf } from './words.js';

/** One record of the quarantine: its bytes, where it came from, and what can be done about it. */

let shown = '';

export const openQuarantined = (id, close) => {
  if (!openPane('Record of the quarantine', id)) return;
  shown = '';
  fillPane(paneHead('Record of the quarantine', null, close), hint('Reading it…'));
};

export const refreshQuarantined = async (id, close, signal) => {
  try {
    const item = await read(`/v1/quarantine/${encodeURIComponent(id)}`, signal);
    if (isAbout(id)) show(item, close);
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 404 && error.scope === null)) throw error;
    if (!isAbout(id)) return;
    shown = '';
    renew(
      byId('detail'),
      paneHead('Not found', null, close),
      hint(
        error.scope === null
          ? 'This record does not exist, belongs to another tenant, or is older than 90 days.'
          : `This key may not see the quarantine: it lacks the scope ${error.scope}.`,
      ),
    );
  }
};

const path = ({ id }, action) => `/v1/quarantine/${encodeURIComponent(id)}/${action}`;

const redrive = async (item) => {
  try {
    const { topic } = await change('POST', path(item, 'redrive'), {});
    say(`On its way again, to ${topic}.`);
    refresh();
  } catch (error) {
    say(wordsOf(error));
  }
};

/** Those that are other than they came; null for those that are gone. */
const changedHeaders = (came, given) =>
  Object.fromEntries([
    ...Object.entries(given).filter(([name, text]) => came[name] !== text),
    ...Object.keys(came)
      .filter((name) => !Object.hasOwn(given, name))
      .map((name) => [name, null]),
  ]);

const correct = (item) => {
  const text = el('textarea', { rows: '12', spellcheck: 'false', autocomplete: 'off', class: 'mono' });
  text.value = item.value ?? '';
  const headers = el('textarea', { rows: '6', spellcheck: 'false', autocomplete: 'off', class: 'mono' });
  headers.value = JSON.stringify(item.headers, null, 2);
  const headersField = field('headers', 'Headers (JSON)', headers, 'Attributes of an event may stand here, as ce_….');
  const reason = textInput({ maxlength: '500' });
  ask({
    title: 'Correct it and drive it again',
    lines: ['What stays as it is here goes out as it came, and so does the key.'],
    action: 'Drive it again',
    fields: [
      field('value', 'Value', text),
      ...(item.list === 'events' ? [headersField] : []),
      field('reason', 'Reason (kept with it)', reason),
    ],
    act: async () => {
      const said = reason.value.trim();
      const given = parsedJson(headers.value, headersField);
      if (given === null) return false;
      const changed = changedHeaders(item.headers, given);
      await change('POST', path(item, 'redrive'), {
        // As shown it may be less than what came.
        ...(text.value === (item.value ?? '') && !item.truncated ? {} : { value: text.value }),
        ...(Object.keys(changed).length === 0 ? {} : { headers: changed }),
        ...(said === '' ? {} : { reason: said }),
      });
      say('Corrected, and on its way again.');
      refresh();
      return true;
    },
  });
};

const discard = (item) => {
  const reason = textInput({ maxlength: '500' });
  ask({
    title: 'Set it aside?',
    lines: ['Nothing is sent. It leaves the list of what is open, and its bytes stay for their 90 days.'],
    action: 'Set it aside',
    fields: [field('reason', 'Reason (kept with it)', reason)],
    act: async () => {
      const said = reason.value.trim();
      await change('POST', path(item, 'discard'), said === '' ? {} : { reason: said });
      say('Set aside.');
      refresh();
    },
  });
};

const actionsOf = (item) =>
  el(
    'div',
    { class: 'actions' },
    item.redrivable && !item.truncated ? button('Drive it again', 'plain', 'redrive', () => redrive(item)) : null,
    item.redrivable ? button('Correct it…', 'plain', 'correct', () => correct(item)) : null,
    item.state === 'open' ? button('Set it aside…', 'plain', 'discard', () => discard(item)) : null,
  );

const ACTIONS = { redriven: 'driven again', discarded: 'set aside' };

const show = (item, close) => {
  const now = JSON.stringify(item);
  if (now === shown) return;
  shown = now;
  const { source, session } = originOf(item);
  renew(
    byId('detail'),
    paneHead(item.code.replace(/_/g, ' '), [statusLabel(item.state)], close),
    el('p', {}, ...prose(item.detail)),
    item.redrivable || item.state === 'open' ? actionsOf(item) : null,
    item.notRedrivable === null ? null : hint(...prose(item.notRedrivable)),
    factList([
      ['Came from', source === null ? mono(item.origin.topic) : link(hashOf('sources', [source]), source)],
      ['Session', session === null ? null : mono(session)],
      [
        'Came back',
        item.redrivenFrom === null
          ? null
          : [
              'driven again, and refused again; before that it was ',
              link(hashOf('quarantine', [item.redrivenFrom], { state: 'all' }), item.redrivenFrom),
            ],
      ],
      ['Position', source === null ? `${item.origin.offset}, partition ${item.origin.partition}` : item.origin.offset],
      ['Tenant', item.tenant ?? 'not told by its bytes'],
      ['Refused', timeOf(item.at)],
      ['Key', item.key === null ? null : mono(item.key)],
      ['Size', counted(item.bytes, 'byte')],
      ['Id', mono(item.id)],
    ]),
    el('h3', {}, item.truncated ? 'The beginning of its value' : 'Its value'),
    item.value === null && item.valueBase64 === null
      ? hint('It had none.')
      : textBox('Value', item.value ?? item.preview),
    item.valueBase64 === null ? null : hint('It is no UTF-8 text; the API gives its bytes as base64.'),
    Object.keys(item.headers).length === 0 ? null : el('h3', {}, 'Its headers'),
    headerList(Object.entries(item.headers)),
    item.actions.length === 0 ? null : el('h3', {}, 'What was done'),
    item.actions.length === 0
      ? null
      : el(
          'ol',
          { class: 'log' },
          ...item.actions.map(({ action, at, by, corrected, reason }) =>
            el(
              'li',
              {},
              el('time', { class: 'when', datetime: at }, timeOf(at)),
              el(
                'span',
                {},
                el('strong', {}, ACTIONS[action] ?? action),
                `${corrected ? ', corrected' : ''} by ${by}${reason === null ? '' : `: ${reason}`}`,
              ),
            ),
          ),
        ),
  );
};
