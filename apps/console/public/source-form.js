import { change, read } from './api.js';
import { button, byId, el, hint, renew } from './dom.js';
import { choice, clearProblems, field, form, needed, showProblems, textInput } from './forms.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { say } from './said.js';
import { ownerOfSource, rememberSecret } from './secret.js';
import { rememberSeen, triedView } from './source.js';
import { isCalled } from './source-state.js';

/** A new source, or other settings of one: tried before it is saved. */

/** @param known the source whose settings change; null for a new one */
export const openSourceForm = ({ known, close, saved }) => {
  const about = known === null ? 'new source' : `settings of ${known.name}`;
  const title = known === null ? 'New source' : `Settings of ${known.name}`;
  if (!openPane(title, about)) return;
  fillPane(paneHead(title, null, close), hint('Reading the kinds of source…'));
  Promise.all([
    read('/v1/source-kinds'),
    known === null || known.settings !== undefined ? known : read(`/v1/sources/${encodeURIComponent(known.name)}`),
  ]).then(
    ([kinds, source]) => isAbout(about) && show(kinds.data, source, title, close, saved),
    (error) => {
      if (!isAbout(about)) return;
      const again = form(title, 'Try again', [], async () => {
        byId('detail').dataset.about = '';
        openSourceForm({ known, close, saved });
      });
      fillPane(paneHead(title, null, close), again);
      showProblems(again, error);
    },
  );
};

/** Settings to begin with: what the schema needs, with an example where it has one. */
const skeletonOf = ({ settings }) => {
  const { properties = {}, required = [] } = settings ?? {};
  const value = (schema) => schema.default ?? schema.examples?.[0] ?? schema.enum?.[0] ?? EMPTY[schema.type] ?? null;
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => required.includes(name))
        .map(([name, schema]) => [name, value(schema)]),
    ),
    null,
    2,
  );
};
const EMPTY = { string: '', array: [], object: {}, number: 0, integer: 0, boolean: false };

const HIDDEN = '***';
/** What the API made and tells once: a secret that is there in plain text. */
const keepMade = (made, kind) => {
  for (const path of kind?.secrets ?? []) {
    const value = path.split('.').reduce((at, member) => at?.[member], made.settings);
    if (typeof value === 'string' && value !== HIDDEN) rememberSecret(ownerOfSource(made.name), value);
  }
};

const parsed = (text, settingsField) => {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = settingsField.querySelector('.problem');
    problem.hidden = false;
    problem.textContent = `This is not JSON: ${error.message}.`;
    settingsField.querySelector('textarea').focus();
    return null;
  }
};

const show = (kinds, known, title, close, saved) => {
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
    says.textContent = kindOf()?.says ?? '';
    if (!typed && kindOf() !== undefined) settings.value = skeletonOf(kindOf());
  };
  type.addEventListener('change', pick);
  if (known !== null) settings.value = JSON.stringify(known.settings, null, 2);
  pick();

  const tryIt = button('Try it', 'plain', 'try', async () => {
    clearProblems(element);
    const given = parsed(settings.value, settingsField);
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
    const given = parsed(settings.value, settingsField);
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
    say(
      known !== null
        ? 'The settings are saved.'
        : `The source is saved, and ${isCalled(made) ? 'waits for its peer to call' : 'runs'}.`,
    );
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
