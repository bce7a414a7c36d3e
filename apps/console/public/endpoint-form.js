import { change } from './api.js';
import { button, byId, el, hint, link } from './dom.js';
import { checkbox, choice, field, form, needed, showProblems, textInput } from './forms.js';
import { contracts, eventTypes } from './known.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { hashOf } from './routes.js';
import { say } from './said.js';
import { ownSecretHint, rememberSecret } from './secret.js';
import { typePicker } from './type-picker.js';
import { contractLine, contractTitle } from './words.js';

/** A new endpoint under any contract. */

export const openEndpointForm = ({ contract, close, created }) => {
  if (!openPane('New endpoint', 'new endpoint')) return;
  fillPane(paneHead('New endpoint', null, close), hint('Reading the contracts and the catalogue of event types…'));
  Promise.all([contracts(), eventTypes()]).then(
    ([known, types]) => isAbout('new endpoint') && show(known, types, contract, close, created),
    (error) => {
      if (!isAbout('new endpoint')) return;
      const empty = form('New endpoint', 'Try again', [], async () => {
        byId('detail').dataset.about = '';
        openEndpointForm({ contract, close, created });
      });
      fillPane(paneHead('New endpoint', null, close), empty);
      showProblems(empty, error);
    },
  );
};

const contractPicker = (known, chosen, changed) => {
  const picker = el(
    'fieldset',
    { class: 'form-field contracts', 'data-name': 'contract' },
    el('legend', {}, 'Contract'),
    ...known.map((contract) => {
      const id = `contract-${contract.name}`;
      const radio = el('input', {
        type: 'radio',
        name: 'contract',
        value: contract.name,
        id,
        'aria-describedby': `${id}-line`,
      });
      radio.checked = contract.name === chosen;
      radio.addEventListener('change', () => changed(contract));
      return el(
        'div',
        { class: 'contract' },
        radio,
        el('label', { for: id }, contractTitle(contract.name), el('span', { class: 'mono soft' }, ` ${contract.name}`)),
        el('p', { class: 'hint', id: `${id}-line` }, contractLine(contract)),
      );
    }),
    el('p', { class: 'problem', hidden: '' }),
  );
  return picker;
};

/** How each option is asked for; those that a contract names and that are not here keep their defaults. */
const OPTIONS = {
  standardHeaders: () =>
    checkbox(
      'options.standardHeaders',
      'Headers of Standard Webhooks too',
      true,
      'A signature over id and time beside that of the contract, for a receiver that wants one.',
    ),
  traceContext: () =>
    checkbox('options.traceContext', 'Header traceparent', true, 'Lets the receiver’s traces join those of Millrace.'),
  signatureFormat: () =>
    field(
      'options.signatureFormat',
      'X-Webhook-Signature is written as',
      choice(
        [
          ['hex', 'hex'],
          ['sha256_hex', 'sha256= and hex'],
          ['base64', 'base64'],
        ],
        'hex',
      ),
    ),
  integrationId: () =>
    field('options.integrationId', 'Integration id', textInput(), 'For events whose data has none. Empty for none.'),
  disableCounts: () =>
    field(
      'options.disableCounts',
      'What counts towards being disabled',
      choice(
        [
          ['deliveries', 'ten deliveries in a row without success'],
          ['attempts', 'ten attempts in a row without success'],
        ],
        'deliveries',
      ),
    ),
};
const DEFAULTS = {
  standardHeaders: true,
  traceContext: true,
  signatureFormat: 'hex',
  integrationId: '',
  disableCounts: 'deliveries',
};

const show = (known, types, wanted, close, created) => {
  let contract = known.find(({ name }) => name === wanted) ?? known[0];
  const url = textInput({
    type: 'url',
    inputmode: 'url',
    placeholder: 'https://erp.example.com/hooks/millrace',
  });
  const description = textInput({ placeholder: 'Optional: what it is for', maxlength: '10000' });
  const secret = textInput({ placeholder: 'Empty: Millrace makes one' });
  const picker = typePicker(types);
  const options = el('fieldset', { class: 'form-field options' });
  const about = el('div', { hidden: '' });
  const secretField = field('secret', 'Secret', secret, '');
  const showOptions = () => {
    secretField.querySelector('.hint').textContent = ownSecretHint(contract.name);
    options.replaceChildren(
      el('legend', {}, `Options of ${contractTitle(contract.name)}`),
      ...contract.options.filter((name) => OPTIONS[name] !== undefined).map((name) => OPTIONS[name]()),
    );
    about.hidden = contract.name !== 'eclipse';
    about.replaceChildren(
      ...(contract.name === 'eclipse'
        ? [
            hint(
              'A receiver of Eclipse Pro that wants a bearer token is set up in two steps instead: ',
              link(hashOf('exports', ['connections', 'new']), 'an API connection and its export'),
              '.',
            ),
          ]
        : []),
    );
  };
  const chosenOptions = () =>
    Object.fromEntries(
      contract.options
        .filter((name) => OPTIONS[name] !== undefined)
        .map((name) => {
          const control = options.querySelector(`[data-name="options.${name}"] :is(input, select)`);
          return [name, control.type === 'checkbox' ? control.checked : control.value.trim()];
        })
        .filter(([name, value]) => value !== DEFAULTS[name]),
    );
  showOptions();
  const element = form(
    'New endpoint',
    'Create endpoint',
    [
      needed(
        field('url', 'URL', url, 'Where events are POSTed to.'),
        () => url.value,
        'Say which URL events are POSTed to.',
      ),
      contractPicker(known, contract.name, (chosen) => {
        contract = chosen;
        showOptions();
      }),
      about,
      needed(picker.element, picker.value, 'Choose at least one event type, or type * to take all.'),
      field('description', 'Description', description),
      options,
      secretField,
    ],
    async () => {
      const endpoint = await change('POST', '/v1/endpoints', {
        url: url.value.trim(),
        contract: contract.name,
        eventTypes: picker.value(),
        description: description.value.trim() === '' ? null : description.value.trim(),
        options: chosenOptions(),
        ...(secret.value === '' ? {} : { secret: secret.value }),
      });
      const { secret: shown, startFrom: _startFrom, ...view } = endpoint;
      rememberSecret(endpoint.id, shown);
      say('The endpoint is created.');
      created(view);
    },
    [button('Cancel', 'plain', 'cancel', close)],
  );
  fillPane(paneHead('New endpoint', null, close), element);
  url.focus();
};
