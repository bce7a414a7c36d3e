import { Problem, wordsOf } from './api.js';
import { el } from './dom.js';

/** Forms whose problems stand at the fields that they are about. */

let made = 0;

/**
 * Its `dataset.members` set to `named` has problems within it begin with the name of their member, a line for each.
 * @param name the member of the request that it is for; problems with that member, or within it, are shown here
 * @param about what helps to fill it in, or null
 */
export const field = (name, label, control, about = null) => {
  made += 1;
  const id = `field-${made}`;
  const target = control.matches('input, select, textarea')
    ? control
    : control.querySelector('input, select, textarea');
  target.id = id;
  const problem = el('p', { class: 'problem', id: `${id}-problem`, hidden: '' });
  const help = about === null ? null : el('p', { class: 'hint', id: `${id}-hint` }, about);
  target.setAttribute('aria-describedby', `${help === null ? '' : `${id}-hint `}${id}-problem`);
  return el('div', { class: 'form-field', 'data-name': name }, el('label', { for: id }, label), control, help, problem);
};

export const textInput = (attributes = {}) =>
  el('input', { type: 'text', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off', ...attributes });

/** @param options value and text of each */
export const choice = (options, value, attributes = {}) => {
  const select = el('select', attributes, ...options.map(([each, text]) => el('option', { value: each }, text)));
  select.value = value;
  return select;
};

/** @param about what it does, in one line */
export const checkbox = (name, label, checked, about = null) => {
  made += 1;
  const id = `field-${made}`;
  const input = el('input', { type: 'checkbox', id, name });
  input.checked = checked;
  if (about !== null) input.setAttribute('aria-describedby', `${id}-hint`);
  return el(
    'div',
    { class: 'form-check', 'data-name': name },
    input,
    el('label', { for: id }, label),
    about === null ? null : el('p', { class: 'hint', id: `${id}-hint` }, about),
    el('p', { class: 'problem', hidden: '' }),
  );
};

/** What must not be empty: by field, what tells its value, and what is said when there is none. */
const needs = new WeakMap();
/**
 * @param value tells what is filled in: text, or a list
 * @param otherwise said at the field when it is empty
 */
export const needed = (place, value, otherwise) => {
  needs.set(place, { value, otherwise });
  place.querySelector('input, select, textarea')?.setAttribute('aria-required', 'true');
  return place;
};
const isEmpty = (value) => (typeof value === 'string' ? value.trim() : value).length === 0;
/** Says at every field that is empty and must not be what it wants. Answers whether there was one. */
const tellEmpty = (fields) => {
  const empty = fields.filter((place) => needs.has(place) && isEmpty(needs.get(place).value()));
  for (const place of empty) tell(place, needs.get(place).otherwise);
  empty[0]?.querySelector('input, select, textarea')?.focus();
  return empty.length > 0;
};

const tell = (place, text) => {
  const problem = place.querySelector(':scope > .problem');
  problem.hidden = false;
  const before = problem.textContent;
  problem.textContent = before === '' ? text : `${before}${place.dataset.members === 'named' ? '\n' : ' '}${text}`;
  place.querySelector('input, select, textarea')?.setAttribute('aria-invalid', 'true');
};
/** The API speaks of JSON; who fills in a form types no brackets and no quotes. */
const withoutJson = (text) => text.replace(/\["([^"]*)"\]/g, '$1');
const sentence = (text) => `${text.replace(/^./, (first) => first.toUpperCase()).replace(/[.!?]?$/, '')}.`;

export const clearProblems = (form) => {
  for (const problem of form.querySelectorAll('.problem')) {
    problem.hidden = true;
    problem.textContent = '';
  }
  for (const each of form.querySelectorAll('[aria-invalid]')) each.removeAttribute('aria-invalid');
};

/** Puts each error where it belongs, the rest above the buttons, and the focus on the first. */
export const showProblems = (form, error) => {
  clearProblems(form);
  const places = [...form.querySelectorAll('[data-name]')];
  const rest = [];
  const errors = error instanceof Problem ? error.errors : [];
  for (const { path, detail: said } of errors) {
    const detail = withoutJson(said);
    const place = places.find(
      ({ dataset: { name } }) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`),
    );
    // Where people type whole JSON, only the name of the member tells what the problem is about.
    const named = place?.dataset.members === 'named' && path !== place.dataset.name;
    if (place !== undefined) tell(place, named ? `${path}: ${detail}` : sentence(detail));
    else rest.push(path === '' ? sentence(detail) : `${path}: ${detail}`);
  }
  if (errors.length === 0) rest.push(wordsOf(error));
  if (rest.length > 0) {
    const whole = form.querySelector('.form-problem');
    whole.hidden = false;
    whole.textContent = rest.join(' ');
  }
  form.querySelector('[aria-invalid]')?.focus();
};

/**
 * @param submit does it; what it throws is shown at the fields
 * @param others buttons beside the one that submits
 */
export const form = (label, action, fields, submit, others = []) => {
  const go = el('button', { type: 'submit', class: 'primary' }, action);
  const element = el(
    'form',
    { class: 'form', 'aria-label': label, novalidate: '', autocomplete: 'off' },
    ...fields,
    el('p', { class: 'problem form-problem', role: 'alert', hidden: '' }),
    el('div', { class: 'actions' }, go, ...others),
  );
  let busy = false;
  element.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (busy) return;
    clearProblems(element);
    if (tellEmpty(fields)) return;
    busy = true;
    element.setAttribute('aria-busy', 'true');
    try {
      await submit();
    } catch (error) {
      showProblems(element, error);
    } finally {
      busy = false;
      element.removeAttribute('aria-busy');
    }
  });
  return element;
};
