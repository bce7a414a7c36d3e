import { button, byId, el } from './dom.js';

/** The pane at the right (over everything on a small screen) with the one thing that is looked at closely. */

const pane = () => byId('detail');

/** @param id what it is about: the same id leaves it as it is. Answers whether it is new. */
export const openPane = (label, id) => {
  const fresh = pane().dataset.about !== id || pane().hidden;
  pane().dataset.about = id;
  pane().setAttribute('aria-label', label);
  pane().hidden = false;
  if (fresh) {
    pane().replaceChildren();
    pane().scrollTop = 0;
  }
  return fresh;
};
export const closePane = () => {
  pane().hidden = true;
  delete pane().dataset.about;
  pane().replaceChildren();
};
export const fillPane = (...children) => pane().replaceChildren(...children.filter((child) => child !== null));
export const isAbout = (id) => !pane().hidden && pane().dataset.about === id;

/** @param under what stands below the title */
export const paneHead = (title, under, close) =>
  el(
    'header',
    {},
    el('div', {}, el('h2', {}, title), ...(under === null ? [] : [el('p', {}, ...under)])),
    button('Close', 'quiet', 'close', close),
  );
