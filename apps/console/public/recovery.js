import { change, read, wordsOf } from './api.js';
import { button, el, hint } from './dom.js';
import { refresh } from './live.js';
import { say } from './said.js';
import { counted, timeOf } from './words.js';

/** The recovery that the API offers when an endpoint is active again: counted first, then run. By endpoint id. */
const offers = new Map();
export const forgetRecoveries = () => offers.clear();

/** @param recovery of the answer to the change; null offers nothing */
export const offerRecovery = (endpointId, recovery) => {
  if (recovery === null) offers.delete(endpointId);
  else offers.set(endpointId, { suggested: recovery.suggested, job: null });
};

const over = ({ state }) => state === 'done' || state === 'failed' || state === 'cancelled';

const begin = async (endpointId, dryRun) => {
  const offer = offers.get(endpointId);
  try {
    offer.job = await change('POST', `/v1/endpoints/${endpointId}/recover`, { ...offer.suggested, dryRun });
    refresh();
  } catch (error) {
    say(wordsOf(error));
  }
};

/** Whether there was something to ask. */
export const refreshRecovery = async (endpointId) => {
  const offer = offers.get(endpointId);
  if (!offer?.job || over(offer.job)) return false;
  offer.job = await read(`/v1/recoveries/${offer.job.id}`);
  return true;
};

const tell = ({ dryRun, state, counts, error }) => {
  const { qualified, sent } = counts;
  if (state === 'failed') return `It stopped: ${error ?? 'for an unknown reason'}`;
  if (!dryRun)
    return over({ state })
      ? `${counted(sent, 'delivery is', 'deliveries are')} sent again.`
      : `Sending again: ${sent} of ${qualified}.`;
  if (!over({ state })) return 'Counting…';
  return qualified === 0
    ? 'Nothing had failed: there is nothing to send again.'
    : `${counted(qualified, 'delivery', 'deliveries')} failed or expired, and can be sent again.`;
};

/** @param described true gives what it would show, to compare */
export const recoveryNotice = (endpointId, described, changed) => {
  const offer = offers.get(endpointId);
  if (offer === undefined) return null;
  const { suggested, job } = offer;
  if (described) return [suggested, job];
  const drop = () => {
    offers.delete(endpointId);
    changed();
  };
  const counting = job?.dryRun && !over(job);
  return el(
    'section',
    { class: 'notice', 'aria-label': 'Recovery' },
    el('strong', {}, `Deliveries may have failed since ${timeOf(suggested.since)}`),
    job === null
      ? hint(
          'What is parked goes on by itself. What had failed or expired meanwhile can be sent again; count it first.',
        )
      : el('p', {}, tell(job)),
    el(
      'div',
      { class: 'actions' },
      job === null ? button('Count them', 'primary', 'count', () => begin(endpointId, true)) : null,
      job?.dryRun && over(job) && job.counts.qualified > 0
        ? button('Send them again', 'primary', 'send-again', () => begin(endpointId, false))
        : null,
      counting ? null : button(job !== null && !job.dryRun ? 'Close' : 'Not now', 'plain', 'drop', drop),
    ),
  );
};
