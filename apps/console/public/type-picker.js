import { button, el, prose } from './dom.js';
import { textInput } from './forms.js';
import { counted } from './words.js';

/** Event types out of the catalogue, and patterns: one field narrows the catalogue and takes what is typed. */
export const typePicker = (types) => {
  const chosen = new Set();
  const input = textInput({ id: 'type-picker', placeholder: 'Narrow the catalogue, or type a pattern' });
  const tokens = el('div', { class: 'tokens', 'aria-live': 'polite' });
  const list = el('div', { class: 'catalogue', tabindex: '-1' });

  const add = (text) => {
    if (text === '') return;
    chosen.add(text);
    input.value = '';
    render();
  };
  const render = () => {
    tokens.replaceChildren(
      ...[...chosen].map((name) => {
        const token = button(name, 'token', `token-${name}`, () => {
          chosen.delete(name);
          render();
          input.focus();
        });
        token.setAttribute('aria-label', `Take ${name} away`);
        return token;
      }),
    );
    const wanted = input.value.trim().toLowerCase().replace(/\*+$/, '');
    const named = types.filter(({ name, module }) => `${name} ${module}`.toLowerCase().includes(wanted));
    const found =
      named.length > 0 ? named : types.filter(({ description }) => description.toLowerCase().includes(wanted));
    const modules = Map.groupBy
      ? Map.groupBy(found, ({ module }) => module)
      : found.reduce((all, each) => all.set(each.module, [...(all.get(each.module) ?? []), each]), new Map());
    list.replaceChildren(
      ...[...modules].map(([module, members]) =>
        el('div', { role: 'group', 'aria-label': module }, el('h4', {}, module), ...members.map(entry)),
      ),
      found.length === 0
        ? el(
            'p',
            { class: 'hint' },
            `No type of the catalogue is like “${input.value.trim()}”. Enter takes it as it is.`,
          )
        : '',
    );
  };
  const entry = ({ name, description }) => {
    const box = el('input', { type: 'checkbox', 'data-type': name });
    box.checked = chosen.has(name);
    box.addEventListener('change', () => {
      const { scrollTop } = list;
      if (box.checked) chosen.add(name);
      else chosen.delete(name);
      render();
      list.scrollTop = scrollTop;
      for (const each of list.querySelectorAll('input'))
        if (each.dataset.type === name) each.focus({ preventScroll: true });
    });
    return el(
      'label',
      { class: 'entry' },
      box,
      el('span', { class: 'mono' }, name),
      el('span', { class: 'soft' }, ...prose(description)),
    );
  };
  input.addEventListener('input', render);
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || input.value.trim() === '') return;
    // Enter takes what is typed; only when nothing is, it creates.
    event.preventDefault();
    add(input.value.trim());
  });
  render();

  const element = el(
    'div',
    { class: 'form-field', 'data-name': 'eventTypes' },
    el('label', { for: 'type-picker' }, 'Event types'),
    tokens,
    el(
      'div',
      { class: 'field' },
      input,
      button('Add', 'plain', 'add-type', () => {
        add(input.value.trim());
        input.focus();
      }),
    ),
    el(
      'p',
      { class: 'hint', id: 'type-picker-hint' },
      `${counted(types.length, 'type')} in the catalogue. machine.* takes all that begin with machine., and * takes all.`,
    ),
    el('p', { class: 'problem', id: 'type-picker-problem', hidden: '' }),
    list,
  );
  input.setAttribute('aria-describedby', 'type-picker-hint type-picker-problem');
  return {
    element,
    /** A pattern that is typed and not yet taken counts too; other text only narrows, unless it is all there is. */
    value() {
      const typed = input.value.trim();
      const counts = typed !== '' && (chosen.size === 0 || typed.includes('*'));
      return [...new Set([...chosen, ...(counts ? [typed] : [])])];
    },
  };
};
