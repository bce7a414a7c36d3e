import { change, wordsOf } from './api.js';
import { ask } from './dialog.js';
import { button, byId, el, factList, hint, link, mono, renew, statusLabel } from './dom.js';
import { checkbox, choice, field, form, needed, textInput } from './forms.js';
import { refresh } from './live.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { go, hashOf } from './routes.js';
import { say } from './said.js';
import { hasSecret, rememberSecret, secretNotice } from './secret.js';
import { ago, counted, timeOf, until } from './words.js';

/** Eclipse Pro's two steps, and how the two are afterwards. */

const IMPLEMENTATION = 'Bundle Complete Webhook';

/** @param connection null makes a new one */
export const openConnectionForm = (connection, { close, changed }) => {
  const title = connection === null ? 'New API connection' : 'Change the API connection';
  if (!openPane(title, `connection ${connection?.id ?? 'new'} form`)) return;
  const name = textInput({ placeholder: 'ERP', maxlength: '200' });
  const baseUrl = textInput({
    type: 'url',
    inputmode: 'url',
    placeholder: 'https://yourserver.com/api/eclipse/bundle-complete',
  });
  const token = textInput({ type: 'password', autocomplete: 'new-password' });
  name.value = connection?.name ?? '';
  baseUrl.value = connection?.baseUrl ?? '';
  const noToken = checkbox('noToken', 'Send no bearer token from now on', false);
  fillPane(
    paneHead(title, null, close),
    connection === null ? hint('Step 1 of 2: where bundles are sent to.') : null,
    form(
      title,
      connection === null ? 'Create connection' : 'Save',
      [
        needed(field('name', 'Name', name), () => name.value, 'Give the connection a name.'),
        needed(
          field('baseUrl', 'API base URL', baseUrl, 'The full URL that bundles are POSTed to.'),
          () => baseUrl.value,
          'Say which URL bundles are POSTed to.',
        ),
        field(
          'bearerToken',
          'Bearer token',
          token,
          connection?.hasBearerToken
            ? 'One is set. Empty leaves it as it is.'
            : 'Optional. Sent as Authorization: Bearer …, sealed at rest and shown nowhere.',
        ),
        ...(connection?.hasBearerToken ? [noToken] : []),
      ],
      async () => {
        const settings = { name: name.value.trim(), baseUrl: baseUrl.value.trim() };
        if (token.value !== '') settings.bearerToken = token.value;
        else if (noToken.querySelector('input').checked) settings.bearerToken = null;
        const path = connection === null ? '/v1/connections' : `/v1/connections/${connection.id}`;
        const { id } = await change(connection === null ? 'POST' : 'PATCH', path, settings);
        await changed();
        say(connection === null ? 'The connection is created. Now what is sent to it.' : 'The connection is changed.');
        if (connection === null) go(hashOf('exports', ['new'], { connectionId: id }), true);
        else go(hashOf('exports', [id]), true);
      },
      [button('Cancel', 'plain', 'cancel', close)],
    ),
  );
  name.focus();
};

/** @param free connections that nothing is sent to yet */
export const openExportForm = (free, wanted, { close, changed }) => {
  if (!openPane('New export configuration', `export form ${wanted}`)) return;
  const head = paneHead('New export configuration', null, close);
  if (free.length === 0)
    return fillPane(
      head,
      hint(
        'Every connection has its export configuration. ',
        link(hashOf('exports', ['connections', 'new']), 'Make another connection'),
        ' first.',
      ),
    );
  const connection = choice(
    free.map(({ id, name, baseUrl }) => [id, `${name}, ${baseUrl}`]),
    free.find(({ id }) => id === wanted)?.id ?? free[0].id,
  );
  const implementation = choice([[IMPLEMENTATION, IMPLEMENTATION]], IMPLEMENTATION);
  fillPane(
    head,
    hint('Step 2 of 2: what is sent to the connection.'),
    form(
      'New export configuration',
      'Create export',
      [
        field('implementation', 'Implementation', implementation, 'Each bundle that is completed is sent, whole.'),
        field('connectionId', 'Connection', connection),
      ],
      async () => {
        const made = await change('POST', '/v1/exports', {
          implementation: implementation.value,
          connectionId: connection.value,
        });
        rememberSecret(made.endpointId, made.secret);
        await changed();
        say('The export is created. Bundles that are completed from now on are sent.');
        go(hashOf('exports', [made.connectionId]), true);
      },
      [button('Cancel', 'plain', 'cancel', close)],
    ),
  );
  implementation.focus();
};

let shown = '';

/** @param sends the export configuration of the connection, or null */
export const openExport = (connection, sends, { close, changed }) => {
  if (openPane('Connection', connection.id)) shown = '';
  const now = JSON.stringify([
    connection,
    sends,
    sends === null ? '' : ago(sends.statusSince),
    sends?.nextProbeAt ? until(sends.nextProbeAt) : '',
    sends !== null && hasSecret(sends.endpointId),
  ]);
  if (now === shown || !isAbout(connection.id)) return;
  shown = now;
  const again = () => {
    shown = '';
    openExport(connection, sends, { close, changed });
  };
  renew(
    byId('detail'),
    paneHead(connection.name, [mono(connection.baseUrl)], close),
    ...(sends === null ? notSent(connection) : exportParts(sends, again, changed)),
    el('h3', {}, 'API connection'),
    el(
      'div',
      { class: 'actions' },
      button('Change…', 'plain', 'change-connection', () => go(hashOf('exports', [connection.id, 'edit']))),
      sends === null
        ? button('Delete connection…', 'plain bad', 'delete-connection', () =>
            askToDeleteConnection(connection, close, changed),
          )
        : null,
    ),
    factList([
      ['Bearer token', connection.hasBearerToken ? 'set, sealed' : 'none'],
      ['Created', timeOf(connection.createdAt)],
      ['Connection', mono(connection.id)],
    ]),
  );
};

const notSent = (connection) => [
  el('h3', {}, 'Export configuration'),
  hint('Nothing is sent to this connection yet.'),
  el(
    'div',
    { class: 'actions' },
    button('Add its export configuration', 'primary', 'add-export', () =>
      go(hashOf('exports', ['new'], { connectionId: connection.id })),
    ),
  ),
];

const exportParts = (sends, again, changed) => [
  secretNotice(sends.endpointId, 'eclipse', again),
  el('h3', {}, IMPLEMENTATION),
  el(
    'div',
    { class: 'actions' },
    sends.active ? button('Pause', 'plain', 'pause', () => setActive(sends, false, changed)) : null,
    sends.status === 'active'
      ? null
      : button(sends.status === 'down' ? 'Try now' : 'Activate', 'plain', 'activate', () =>
          setActive(sends, true, changed),
        ),
    button('Send test event', 'plain', 'test', () => go(hashOf('endpoints', [sends.endpointId, 'test']))),
    button('Delete export…', 'plain bad', 'delete-export', () => askToDeleteExport(sends, changed)),
  ),
  factList([
    ['Status', [statusLabel(sends.status), ` since ${timeOf(sends.statusSince)}`]],
    ['Next try', sends.nextProbeAt === null ? null : `${until(sends.nextProbeAt)}, at ${timeOf(sends.nextProbeAt)}`],
    ['Queued', sends.queued === 0 ? 'nothing' : counted(sends.queued, 'bundle')],
    ['Export events', link(hashOf('exports', [], { exportId: sends.id }), 'Those of this export')],
    ['Endpoint', link(hashOf('endpoints', [sends.endpointId]), sends.endpointId)],
    ['Export', mono(sends.id)],
  ]),
];

const setActive = async (sends, active, changed) => {
  try {
    await change('PATCH', `/v1/exports/${sends.id}`, { active });
    say(
      active
        ? 'Active. Queued bundles go out now, oldest first.'
        : 'Paused. Bundles are queued until it is active again.',
    );
    await changed();
    refresh();
  } catch (error) {
    say(wordsOf(error));
  }
};

const askToDeleteExport = (sends, changed) =>
  ask({
    title: 'Delete this export configuration?',
    lines: [
      sends.queued === 0
        ? 'What is to be sent or retried is cancelled.'
        : `${counted(sends.queued, 'queued bundle')} and whatever is to be retried are cancelled and never sent.`,
      'The export events stay in the list. To stop it for a while, pause it instead.',
    ],
    action: 'Delete the export',
    dangerous: true,
    act: async () => {
      await change('DELETE', `/v1/exports/${sends.id}`);
      await changed();
      say('The export configuration is deleted.');
      refresh();
    },
  });

const askToDeleteConnection = (connection, close, changed) =>
  ask({
    title: 'Delete this connection?',
    lines: [connection.name, 'Its URL and its bearer token are gone. Nothing is sent to it now.'],
    action: 'Delete the connection',
    dangerous: true,
    act: async () => {
      await change('DELETE', `/v1/connections/${connection.id}`);
      await changed();
      say('The connection is deleted.');
      close();
    },
  });
