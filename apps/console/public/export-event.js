import { Problem, read } from './api.js';
import { commandButtons } from './commands.js';
import { byId, el, factList, hint, link, mono, renew, statusLabel } from './dom.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { hashOf } from './routes.js';
import { counted, timeOf } from './words.js';

/** One export event: its bundle, and the log of what happened to it. */

let shown = '';

export const openExportEvent = (id, close) => {
  if (!openPane('Export event', id)) return;
  shown = '';
  fillPane(paneHead('Export event', null, close), hint('Reading the export event…'));
};

/** @param bundle what the list has of it, or null */
export const refreshExportEvent = async (id, { close, bundle }, signal) => {
  try {
    const event = await read(`/v1/export-events/${encodeURIComponent(id)}`, signal);
    if (isAbout(id)) show({ ...event, bundle: event.bundle ?? bundle }, close);
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 404 && error.scope === null)) throw error;
    if (!isAbout(id)) return;
    shown = '';
    renew(
      byId('detail'),
      paneHead('Not found', null, close),
      hint(
        error.scope === null
          ? 'This export event does not exist, belongs to another tenant, or is older than the history keeps.'
          : `This key may not see export events: it lacks the scope ${error.scope}.`,
      ),
    );
  }
};

const show = (event, close) => {
  const now = JSON.stringify(event);
  if (now === shown) return;
  shown = now;
  const { bundle } = event;
  renew(
    byId('detail'),
    paneHead(
      bundle?.BundleCode ?? 'Bundle without a code',
      [statusLabel(event.status), ` after ${counted(event.attempts, 'attempt')}`],
      close,
    ),
    commandButtons(`/v1/export-events/${encodeURIComponent(event.id)}`, event.status, 'export event'),
    factList([
      ['Job', bundle?.JobId ?? null],
      ['Bundle ended', bundle?.EndTime ?? null],
      ['Created', timeOf(event.createdAt)],
      ['Ended', event.completedAt === null ? null : timeOf(event.completedAt)],
      ['Next attempt', event.nextAttemptAt === null ? null : timeOf(event.nextAttemptAt)],
      ['Payload', link(hashOf('deliveries', [event.id]), 'Requests and answers of this delivery')],
      ['Event', mono(event.eventId)],
    ]),
    el('h3', {}, 'Activity log'),
    el(
      'ol',
      { class: 'log' },
      ...event.activity.map(({ at, attempt, status, message }) =>
        el(
          'li',
          {},
          el('time', { class: 'when', datetime: at }, timeOf(at)),
          el(
            'span',
            {},
            attempt === null ? '' : el('strong', {}, `#${attempt}${status === null ? '' : ` HTTP ${status}`} `),
            message,
          ),
        ),
      ),
    ),
  );
};
