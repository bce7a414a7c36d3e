/**
 * Filters and templates of plain topics. Levels are counted from 1: of `plant/rf-01/state` level 2 is `rf-01`.
 * `rf-{2}/{3}` makes text of them.
 */
export const matchesFilter = (filter: string, topic: string): boolean => {
  // [MQTT-4.7.2-1]: a wildcard at the beginning does not match what begins with $.
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (let n = 0; n < wanted.length; n++) {
    if (wanted[n] === '#') return true;
    if (levels[n] === undefined || (wanted[n] !== '+' && wanted[n] !== levels[n])) return false;
  }
  return levels.length === wanted.length;
};

/** [MQTT-4.7.1]: `+` and `#` stand alone in their level, and `#` is the last. */
export const isTopicFilter = (text: string): boolean => {
  const levels = text.split('/');
  return (
    text !== '' &&
    !text.includes('\u0000') &&
    levels.every((level, n) => level === '+' || (level === '#' && n === levels.length - 1) || !/[+#]/.test(level))
  );
};

const PLACE = /\{([^{}]*)\}/g;

export const isFixed = (template: string): boolean => !template.includes('{');

/** The problem with a template's places, or null. `names`: those that may stand in braces beside level numbers. */
export const templateProblem = (template: string, isPlace: (name: string) => boolean): string | null => {
  for (const [, name] of template.matchAll(PLACE)) if (!isPlace(name!)) return `{${name}} is none of its places`;
  return /[{}]/.test(template.replace(PLACE, '')) ? 'has a brace without its other half' : null;
};

/** Numbers of the levels that a template takes. */
export const levelsIn = (template: string): number[] =>
  [...template.matchAll(PLACE)].map(([, name]) => Number(name)).filter(Number.isInteger);

export const fillTemplate = (template: string, valueIn: (place: string) => string): string =>
  template.replace(PLACE, (_all, name: string) => valueIn(name));

/** A level of a topic by its number, empty where the topic is shorter. */
export const levelOf = (topic: string): ((place: string) => string) => {
  const levels = topic.split('/');
  return (place) => levels[Number(place) - 1] ?? '';
};
