import { tell } from './dialog.js';
import { el, factList } from './dom.js';

/** The keys of the console, the same in every view. */

/** Views by the letter that leads there after a g. */
export const LETTERS = {
  d: 'deliveries',
  e: 'endpoints',
  x: 'exports',
  m: 'machines',
  s: 'sources',
  q: 'quarantine',
};

const key = (name) => el('kbd', {}, name);
const either = (...names) => names.flatMap((name, at) => (at === 0 ? [key(name)] : [' ', key(name)]));

export const showKeys = () =>
  tell(
    'Keys',
    factList([
      ['Move in the list', either('j', 'k', '↓', '↑')],
      ['Open what is chosen', either('Enter')],
      ['Close', either('Esc')],
      ['Narrow the list', either('/')],
      ['New, where something can be added', either('n')],
      ...Object.entries(LETTERS).map(([letter, view]) => [`Go to ${view}`, [key('g'), ' then ', key(letter)]]),
      ['These keys', either('?')],
    ]),
  );
