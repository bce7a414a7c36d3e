import { el, setText } from './dom.js';

/** How many there are of what the chips stand for that somebody has to see to, behind the word; of none it is not said. */
export const countOnChips = (chips, kindOf, list, kindOfEach, troubled) => {
  const counts = new Map(troubled.map((kind) => [kind, 0]));
  for (const each of list) {
    const kind = kindOfEach(each);
    if (counts.has(kind)) counts.set(kind, counts.get(kind) + 1);
  }
  for (const chip of chips.querySelectorAll('button')) {
    if (chip.querySelector('.many') === null) chip.append(el('span', { class: 'many' }));
    const count = counts.get(kindOf(chip)) ?? 0;
    setText(chip.querySelector('.many'), count === 0 ? '' : ` ${count}`);
  }
};
