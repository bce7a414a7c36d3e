import { byId } from './dom.js';

const SHOWN_MS = 9_000;
let timer = null;

/** Says what came of something that somebody did, without taking the focus and without moving anything. */
export const say = (text) => {
  clearTimeout(timer);
  const said = byId('said');
  said.textContent = text;
  said.dataset.shown = 'yes';
  timer = setTimeout(silence, SHOWN_MS);
};
export const silence = () => {
  clearTimeout(timer);
  byId('said').dataset.shown = 'no';
  byId('said').textContent = '';
};
