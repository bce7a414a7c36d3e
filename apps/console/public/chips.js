import { el, setText } from './dom.js';

/** How many there are of what each chip stands for, behind its word; of none it is not said. */
export const countOnChips = (chips, kindOf, list, kindOfEach) => {
  const counts = new Map();
  for (const each of list) counts.set(kindOfEach(each), (counts.get(kindOfEach(each)) ?? 0) + 1);
  for (const chip of chips.querySelectorAll('button')) {
    if (chip.querySelector('.many') === null) chip.append(el('span', { class: 'many' }));
    const count = counts.get(kindOf(chip)) ?? 0;
    setText(chip.querySelector('.many'), count === 0 ? '' : ` ${count}`);
  }
};
