import { change, Problem, read } from './api.js';
import { ask } from './dialog.js';
import { button, byId, el, factList, hint, link, mono, renew, statusLabel } from './dom.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { hashOf } from './routes.js';
import { say } from './said.js';
import { ago, counted, lastingSince, timeOf } from './words.js';

/** One machine: what it does, its alarms and runs, and the last value of everything that it sends. */

/** Paths that are shown; the API has the rest. */
const MOST_PATHS = 200;

let shown = '';

let ways = null;

/** @param removed told when the machine was removed from here */
export const openMachine = (id, { close, removed }) => {
  ways = { close, removed };
  if (!openPane('Machine', id)) return;
  shown = '';
  fillPane(paneHead(id, null, close), hint('Reading the machine…'));
};

export const refreshMachine = async (id, signal) => {
  try {
    const [machine, signals] = await Promise.all([
      read(`/v1/machines/${encodeURIComponent(id)}`, signal),
      read(`/v1/machines/${encodeURIComponent(id)}/signals?limit=${MOST_PATHS}`, signal),
    ]);
    const hasSource = machine.status === 'offline' ? await isThere(machine.lastSignal?.source, signal) : true;
    if (isAbout(id)) show(machine, signals, hasSource);
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 404 && error.scope === null)) throw error;
    if (!isAbout(id)) return;
    shown = '';
    fillPane(
      paneHead('Not found', null, ways.close),
      hint(
        error.scope === null
          ? 'No machine of this name has sent anything to this tenant, or it was removed since.'
          : `This key may not see machines: it lacks the scope ${error.scope}.`,
      ),
    );
  }
};

/** Whether a source of this name is set up; taken for so where that cannot be asked. */
const isThere = async (source, signal) => {
  if (source === undefined) return true;
  try {
    await read(`/v1/sources/${encodeURIComponent(source)}`, signal);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.status !== 404;
  }
};

const since = ({ since: at, reason, sourceState }) =>
  [
    at === null ? '' : lastingSince(at),
    reason === null ? '' : `, by ${reason.replace(/_/g, ' ')}`,
    sourceState === null ? '' : ` (${sourceState})`,
  ].join('');

/** Offline by what nobody has said. */
const LOST = ['connection_lost', 'death', 'silent'];

const whyOffline = ({ since: at, reason, lastSignal }, hasSource) => {
  const source = link(hashOf('sources', [lastSignal.source]), lastSignal.source);
  if (!LOST.includes(reason)) return hint('Its source ', source, ' is heard, and says so.');
  if (at !== null && new Date(lastSignal.at) > new Date(at))
    return hint(
      'Its source ',
      source,
      reason === 'silent'
        ? ' is heard; the machine is believed to be there when that has lasted for a while.'
        : ' is heard; what the machine does is known when it says so.',
    );
  return hasSource
    ? hint('Nothing is heard from it. Its source ', source, ' says whether it is reached.')
    : hint(
        `Nothing is heard from it. No source is called ${lastSignal.source} now: it was deleted, or its signals came to POST /v1/signals. `,
        'What is known of a machine stays until it is removed.',
      );
};

/** What to look at first, where the machine itself is not what is to be seen to. */
const whyHint = (machine, hasSource) => {
  const { status, lastSignal, mapping } = machine;
  if (status === 'offline' && lastSignal !== null) return whyOffline(machine, hasSource);
  if (status === 'unknown' && !mapping)
    return hint(
      'What it does is not known: no mapping says what its signals mean, and the built-in one knows none of them.',
    );
  return null;
};

const isUsable = ({ quality }) => quality === 'good' || quality === 'uncertain';

/** Why the mapping cannot use a value, by its problem or by what its source says of it; null where it can. */
const whyUnusable = ({ problems = [], quality, qualityCode, unit }) =>
  problems.length > 0
    ? problems
        .map(({ alias, code, expected }) =>
          code === 'wrong_type'
            ? `not used as ${alias}: it is no ${expected}`
            : `not used as ${alias}: its unit is ${unit ?? 'another'}, not ${expected}`,
        )
        .join('; ')
    : isUsable({ quality })
      ? null
      : qualityCode;

/** Why what an alarm is of is not known, as far as the list of signals tells it. */
const whyStale = ({ item }, signals) => {
  const said = signals.data.find(({ path, aliases }) => path === item || aliases?.includes(item));
  if (said === undefined) return '';
  const why = whyUnusable(said);
  if (!isUsable(said)) return `: its value is ${said.quality}${why === null ? '' : `, ${why}`}`;
  return why === null ? ': nothing new is heard of it' : `: its value is ${why}`;
};

const alarmList = (alarms, signals) =>
  el(
    'ul',
    { class: 'alarms' },
    ...alarms.map(({ code, text, severity, item, raisedAt, stale }) =>
      el(
        'li',
        {},
        el('strong', { class: severity === 'fault' ? 'bad' : 'warned' }, `${severity} ${code}`),
        el('span', {}, ` ${text}`),
        el(
          'span',
          { class: 'soft' },
          ` ${item}, ${ago(raisedAt)}${stale ? `; not known at present${whyStale({ item }, signals)}` : ''}`,
        ),
      ),
    ),
  );

const runFacts = (run) =>
  factList([
    ['Program', run.program],
    ['Began', timeOf(run.startedAt)],
    ['Ended', run.endedAt === null ? null : timeOf(run.endedAt)],
    ['Parts', run.parts === null ? null : run.parts.toLocaleString()],
    ['Believed', run.quality === 'good' ? null : 'not wholly: the machine was out of sight for a part of it'],
  ]);

const textOf = (value) => (value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value));

const signalRow = (each) => {
  const why = whyUnusable(each);
  return el(
    'tr',
    {},
    el(
      'td',
      { title: `${each.path} of ${each.source}` },
      el('span', { class: 'mono' }, each.path),
      each.aliases?.length ? el('span', { class: 'soft' }, ` ${each.aliases.join(', ')}`) : null,
      why === null ? null : el('span', { class: 'bad' }, ` ${why}`),
    ),
    el(
      'td',
      { title: textOf(each.value) },
      el('span', { class: each.quality === 'good' && why === null ? null : 'bad' }, textOf(each.value)),
      each.unit === null ? null : el('span', { class: 'soft' }, ` ${each.unit}`),
      each.quality === 'good' ? null : el('span', { class: 'soft' }, ` ${each.quality}`),
    ),
    el('td', { class: 'when', title: timeOf(each.at) }, ago(each.at)),
  );
};

const signalTable = ({ data, nextCursor }) =>
  el(
    'div',
    {},
    el(
      'table',
      { class: 'values' },
      el('caption', { class: 'visually-hidden' }, 'Last value of everything that the machine sends'),
      el('thead', {}, el('tr', {}, ...['Signal', 'Value', 'Heard'].map((name) => el('th', { scope: 'col' }, name)))),
      el('tbody', {}, ...data.map(signalRow)),
    ),
    nextCursor === null ? null : hint(`The first ${data.length} by name; GET /v1/machines/…/signals has the rest.`),
  );

const COUNTED = {
  signals: 'signals',
  duplicates: 'duplicates dropped',
  historical: 'historical',
  late: 'late',
  gaps: 'stretches lost',
  lost: 'signals lost',
  unmapped: 'not understood',
  unknown: 'without a value to use',
  typeChanged: 'of a wrong type',
  unitChanged: 'of a wrong unit',
  clockSuspect: 'with a clock not believed',
  expressionFailed: 'not computed',
};
/** What is to be said of a number that looks worse, or less, than it is. */
const MEANT = {
  gaps: '; runs and bundles that one lies in are told as not wholly believed',
  unmapped: ', of names that no mapping has',
  expressionFailed: ' times, since a signal that an expression needs was not heard yet, or cannot be used',
};

const remove = (id) =>
  ask({
    title: `Remove the machine ${id}?`,
    lines: [
      'Its state, its alarms and its last values are forgotten, and no event tells of it. What it has sent stays in the log.',
      'A machine that is heard later is there anew.',
    ],
    action: 'Remove the machine',
    dangerous: true,
    act: async () => {
      await change('DELETE', `/v1/machines/${encodeURIComponent(id)}`);
      say('Its removal is in the log; the machine stays if it has spoken meanwhile.');
      if (isAbout(id)) ways.removed(id);
    },
  });

const show = (machine, signals, hasSource) => {
  const now = JSON.stringify([machine, signals, hasSource]);
  // Ages are told, so it is made anew each time; nothing in it can have been typed into.
  if (now === shown && signals.data.length === 0) return;
  shown = now;
  const counts = Object.entries(machine.counts).filter(([, count]) => count > 0);
  // What can be pressed stays the same element while the rest is made anew, so that it can be pressed at any time.
  if (byId('machine-facts') === null)
    fillPane(
      el('div', { id: 'machine-facts' }),
      el(
        'div',
        { class: 'actions' },
        button('Remove…', 'quiet', 'remove', () => remove(machine.id)),
      ),
    );
  renew(
    byId('machine-facts'),
    paneHead(machine.id, [statusLabel(machine.status), since(machine)], ways.close),
    whyHint(machine, hasSource),
    el('h3', {}, machine.alarms.length === 0 ? 'No alarms' : counted(machine.alarms.length, 'alarm')),
    machine.alarms.length === 0 ? null : alarmList(machine.alarms, signals),
    machine.currentRun === null
      ? null
      : el('h3', {}, machine.currentRun.endedAt === null ? 'Run now' : 'Run that is finishing'),
    machine.currentRun === null ? null : runFacts(machine.currentRun),
    machine.lastRun === null ? null : el('h3', {}, 'Last run'),
    machine.lastRun === null ? null : runFacts(machine.lastRun),
    el('h3', {}, 'Signals'),
    signals.data.length === 0 ? hint('Nothing has come yet.') : signalTable(signals),
    el('h3', {}, 'Counted'),
    factList([
      ...counts.map(([name, count]) => [
        COUNTED[name] ?? name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
        `${count.toLocaleString()}${MEANT[name] ?? ''}`,
      ]),
      [
        'Last heard',
        machine.lastSignal === null
          ? null
          : [
              `${ago(machine.lastSignal.at)}, of `,
              link(hashOf('sources', [machine.lastSignal.source]), machine.lastSignal.source),
            ],
      ],
      ['Mapping', machine.mapping ? mono(`${machine.mapping.name} ${machine.mapping.version}`) : 'the built-in one'],
      ['Its deliveries', link(hashOf('deliveries', [], { subject: machine.id }), 'Deliveries about this machine')],
    ]),
  );
};
