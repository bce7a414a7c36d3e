import { change, read } from './api.js';
import { button, byId, el, hint, mono, renew } from './dom.js';
import { choice, clearProblems, field, form, needed, showProblems, textInput } from './forms.js';
import { parsedJson } from './json-field.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { say } from './said.js';
import { ownerOfSource, rememberSecret } from './secret.js';
import { rememberSeen, triedView } from './source.js';
import { isCalled, sharedWords } from './source-state.js';

/** A new source, or other settings of one: tried before it is saved. */

/**
 * @param known the source whose settings change; null for a new one
 * @param all answers with the sources that there are
 */
export const openSourceForm = (asked) => {
  const { known, close } = asked;
  const about = known === null ? 'new source' : `settings of ${known.name}`;
  const title = known === null ? 'New source' : `Settings of ${known.name}`;
  if (!openPane(title, about)) return;
  fillPane(paneHead(title, null, close), hint('Reading the kinds of source…'));
  Promise.all([
    read('/v1/source-kinds'),
    known === null || known.settings !== undefined ? known : read(`/v1/sources/${encodeURIComponent(known.name)}`),
  ]).then(
    ([kinds, source]) => isAbout(about) && show(kinds.data, source, title, asked),
    (error) => {
      if (!isAbout(about)) return;
      const again = form(title, 'Try again', [], async () => {
        byId('detail').dataset.about = '';
        openSourceForm(asked);
      });
      fillPane(paneHead(title, null, close), again);
      showProblems(again, error);
    },
  );
};

/** What the schema needs or has an example of; of several forms the first, of a list that needs one its first item. */
const beginningOf = (schema) => {
  const given = schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0];
  if (given !== undefined) return given;
  const [form] = schema.oneOf ?? schema.anyOf ?? [];
  if (form !== undefined) return beginningOf(form);
  if (schema.type === 'object')
    return Object.fromEntries(
      Object.entries(schema.properties ?? {})
        .filter(([name, { examples }]) => schema.required?.includes(name) || examples !== undefined)
        .map(([name, each]) => [name, beginningOf(each)]),
    );
  if (schema.type === 'array') return schema.minItems > 0 ? [beginningOf(schema.items)] : [];
  return EMPTY[schema.type] ?? null;
};
const EMPTY = { string: '', number: 0, integer: 0, boolean: false };
const skeletonOf = ({ settings }) => JSON.stringify(beginningOf(settings ?? {}), null, 2);

/** `format` is csv, ndjson, json or b2mml: which forms the settings have, by the member that tells them apart. */
const formsOf = ({ settings }) => {
  const forms = settings?.oneOf ?? [];
  const name = Object.keys(forms[0]?.properties ?? {}).find((each) =>
    forms.every(({ properties }) => properties?.[each]?.const !== undefined),
  );
  if (name === undefined) return [];
  const words = forms.map(({ properties }) => properties[name].const);
  return [' Its ', mono(name), ` is ${words.slice(0, -1).join(', ')} or ${words.at(-1)}.`];
};

/** Pages of the documentation, where the kind has another name there. */
const PAGES = { opcua: 'opc-ua', 'mtconnect-recording': 'mtconnect', 'shdr-recording': 'shdr' };
const pageOf = ({ type }) => `docs/sources/${PAGES[type] ?? type}.md`;

const HIDDEN = '***';
/** What the API made and tells once: a secret that is there in plain text. */
const keepMade = (made, kind) => {
  for (const path of kind?.secrets ?? []) {
    const value = path.split('.').reduce((at, member) => at?.[member], made.settings);
    if (typeof value === 'string' && value !== HIDDEN) rememberSecret(ownerOfSource(made.name), value);
  }
};

const show = (kinds, known, title, { all, close, saved }) => {
  const name = textInput({ placeholder: 'line-1', maxlength: '64' });
  const type = choice(
    kinds.map((kind) => [kind.type, kind.type]),
    known?.type ?? kinds[0]?.type ?? '',
    known === null ? {} : { disabled: '' },
  );
  const says = el('p', { class: 'hint' });
  const settings = el('textarea', { rows: '14', spellcheck: 'false', autocomplete: 'off', class: 'mono' });
  const result = el('div', { class: 'tried', 'aria-live': 'polite' });
  const settingsField = field(
    'settings',
    'Settings (JSON)',
    settings,
    'Secrets are sealed and never shown again; *** keeps what is there.',
  );
  settingsField.dataset.members = 'named';
  const kindOf = () => kinds.find((kind) => kind.type === type.value);
  let typed = known !== null;
  settings.addEventListener('input', () => {
    typed = true;
  });
  const pick = () => {
    const kind = kindOf();
    if (kind === undefined) return renew(says);
    renew(says, kind.says, ...formsOf(kind), ' All settings: ', mono(pageOf(kind)));
    if (!typed) settings.value = skeletonOf(kind);
  };
  type.addEventListener('change', pick);
  if (known !== null) settings.value = JSON.stringify(known.settings, null, 2);
  pick();

  const tryIt = button('Try it', 'plain', 'try', async () => {
    clearProblems(element);
    const given = parsedJson(settings.value, settingsField);
    if (given === null) return;
    tryIt.disabled = true;
    renew(result, hint('Connecting…'));
    try {
      const tried = await change('POST', '/v1/sources/try', {
        type: type.value,
        settings: given,
        ...(known === null ? {} : { name: known.name }),
      });
      renew(result, el('h3', {}, 'This is what it sees'), triedView(tried));
    } catch (error) {
      renew(result);
      showProblems(element, error);
    } finally {
      tryIt.disabled = false;
    }
  });
  const save = async (tries) => {
    const given = parsedJson(settings.value, settingsField);
    if (given === null) return;
    const made =
      known === null
        ? await change('POST', '/v1/sources', {
            name: name.value.trim(),
            type: type.value,
            settings: given,
            try: tries,
          })
        : await change('PATCH', `/v1/sources/${encodeURIComponent(known.name)}`, { settings: given, try: tries });
    rememberSeen(made.name, made.seen);
    keepMade(made, kindOf());
    const done =
      known !== null
        ? 'The settings are saved.'
        : `The source is saved, and ${isCalled(made) ? 'waits for its peer to call' : 'runs'}.`;
    say(`${done} ${sharedWords(made, all())}`.trim());
    saved(made);
  };
  const unseen = button('Save without a try', 'plain', 'unseen', async () => {
    clearProblems(element);
    try {
      await save(false);
    } catch (error) {
      showProblems(element, error);
    }
  });
  const element = form(
    title,
    'Try and save',
    [
      known === null
        ? needed(
            field('name', 'Name', name, 'It stands in every signal of this source.'),
            () => name.value,
            'Give it a name, such as line-1.',
          )
        : null,
      field('type', 'Kind', type),
      says,
      settingsField,
      result,
    ].filter((each) => each !== null),
    () => save(true),
    [tryIt, unseen],
  );
  fillPane(paneHead(title, null, close), element);
  (known === null ? name : settings).focus();
};
