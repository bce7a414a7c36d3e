import { Problem, Refused } from './api.js';
import { byId, setText } from './dom.js';
import { clock } from './words.js';

/** Asks again each second while the page is seen, and says whether what is shown is live. */

const POLL_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;
const ANSWER_MS = 10_000;

const live = {
  /** `{refresh(signal), lacks(problem)}` of what is shown; null without a key. */
  view: null,
  state: 'none',
  failures: 0,
  answeredAt: null,
  trouble: '',
  timer: null,
  request: null,
  refused: () => undefined,
};
export const onRefused = (listener) => {
  live.refused = listener;
};

/** @param view null ends it */
export const watch = (view) => {
  clearTimeout(live.timer);
  live.request?.abort();
  if (view === null || live.view === null) Object.assign(live, { failures: 0, answeredAt: null });
  Object.assign(live, { view, request: null, state: view === null ? 'none' : live.state });
  if (view !== null && live.state !== 'live') live.state = 'connecting';
  show();
  if (view !== null) refresh();
};

export const refresh = async () => {
  clearTimeout(live.timer);
  live.request?.abort();
  const { view } = live;
  if (view === null || document.hidden) return show();
  const request = new AbortController();
  live.request = request;
  const timeout = setTimeout(() => request.abort(new Error('No answer in time.')), ANSWER_MS);
  let pause = POLL_MS;
  try {
    pause = (await view.refresh(request.signal)) ?? POLL_MS;
    if (live.request !== request) return;
    Object.assign(live, { failures: 0, answeredAt: Date.now(), state: 'live' });
  } catch (error) {
    if (live.request !== request) return;
    if (error instanceof Refused) return live.refused(error.message);
    if (error instanceof Problem && error.scope !== null) {
      view.lacks(error);
      Object.assign(live, { failures: 0, state: 'lacking' });
      pause = LONGEST_PAUSE_MS;
    } else {
      live.failures += 1;
      live.state = 'lost';
      live.trouble = error instanceof Problem ? error.message : 'The server cannot be reached.';
    }
  } finally {
    clearTimeout(timeout);
    if (live.request === request) {
      const wait = Math.max(pause, live.failures === 0 ? 0 : POLL_MS * 2 ** Math.min(live.failures, 4));
      live.timer = setTimeout(refresh, Math.min(wait, LONGEST_PAUSE_MS));
    }
  }
  show();
};

/** A call beside the regular ones failed. */
export const troubled = (error) => {
  if (error instanceof Refused) return live.refused(error.message);
  live.failures += 1;
  live.state = 'lost';
  live.trouble = error instanceof Problem ? error.message : 'The server cannot be reached.';
  show();
};

const WORDS = {
  none: 'No key yet',
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Not live',
  lacking: 'Not allowed',
  paused: 'Paused',
};

export const show = () => {
  const state = live.view === null ? 'none' : document.hidden ? 'paused' : live.state;
  byId('live').dataset.state = state;
  setText(byId('live-text'), WORDS[state]);
  const lost = live.view !== null && live.state === 'lost';
  byId('trouble').hidden = !lost;
  if (lost)
    setText(
      byId('trouble'),
      `${live.trouble} Trying again.${live.answeredAt === null ? '' : ` What you see is from ${clock(live.answeredAt)}.`}`,
    );
};
