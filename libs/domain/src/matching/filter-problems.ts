import { FILTER_ATTRIBUTES, FILTER_LIMITS, type Filter } from './filter';
import { COMPARE_OPERATORS } from './filter-node';
import { type FilterPath, instantOf, readFilterPath } from './filter-path';

/** What is wrong with a filter, and where: the names and indexes that lead to the place. */
export interface FilterProblem {
  readonly path: readonly (string | number)[];
  readonly detail: string;
}

/**
 * Everything that keeps a value from being a filter, the first `PROBLEMS_SHOWN` of it; empty for a filter. The value is parsed
 * JSON of any kind and size; the work is bounded by the limits of filters, not by it.
 */
export const filterProblems = (value: unknown): FilterProblem[] => {
  const review = new Review();
  review.filter(value, [], 1);
  return review.problems;
};

export const isFilter = (value: unknown): value is Filter => filterProblems(value).length === 0;

const PROBLEMS_SHOWN = 20;

const OPERATORS = ['$eq', '$ne', '$in', ...COMPARE_OPERATORS, '$exists', '$not'];
const IS_COMPARISON: ReadonlySet<string> = new Set(COMPARE_OPERATORS);

/** As PostgreSQL and UTF-8 can hold it. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

type Place = FilterProblem['path'];

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

class Review {
  readonly problems: FilterProblem[] = [];
  private conditions = 0;
  private textLength = 0;
  private isOver = false;

  filter(value: unknown, place: Place, depth: number): void {
    if (!isObject(value)) {
      this.report(place, 'must be an object of conditions, for example {"machine": "RF-1"}');
      return;
    }
    if (this.isTooDeep(depth, place)) return;
    const entries = Object.entries(value);
    // A filter without conditions takes all events; within another it would only hide a mistake.
    if (entries.length === 0 && depth > 1) this.report(place, 'must have at least one condition');
    for (const [name, expected] of entries) {
      if (this.isOver) return;
      const at = [...place, name];
      if (name === '$and' || name === '$or') this.filters(expected, at, depth + 1);
      else if (name === '$not') this.filter(expected, at, depth + 1);
      else this.entry(name, expected, at, depth);
    }
  }

  private filters(value: unknown, place: Place, depth: number): void {
    if (!Array.isArray(value) || value.length === 0) {
      this.report(
        place,
        'must be a list of at least one filter, for example [{"machine": "RF-1"}, {"machine": "RF-2"}]',
      );
      return;
    }
    for (const [index, each] of value.slice(0, FILTER_LIMITS.conditions + 1).entries()) {
      if (this.isOver) return;
      this.filter(each, [...place, index], depth);
    }
  }

  private entry(name: string, expected: unknown, place: Place, depth: number): void {
    const path = readFilterPath(name);
    this.text(name, place);
    if (name === '') this.report(place, 'must not be empty');
    else if (name.length > FILTER_LIMITS.pathLength)
      this.report(place, `must have at most ${FILTER_LIMITS.pathLength} characters`);
    else if (path === null) this.report(place, unknownName(name));
    else if (isObject(expected)) this.condition(path, expected, place, depth);
    else if (Array.isArray(expected))
      this.report(place, 'must not be a list; for any of several values write {"$in": ["a", "b"]}');
    else if (this.counts()) this.value(path, expected, place);
  }

  private condition(path: FilterPath, condition: object, place: Place, depth: number): void {
    const entries = Object.entries(condition);
    if (entries.length === 0) this.report(place, 'must have at least one operator, for example {"$gt": 5}');
    for (const [operator, operand] of entries) {
      if (this.isOver) return;
      this.operator(path, operator, operand, [...place, operator], depth);
    }
  }

  private operator(path: FilterPath, operator: string, operand: unknown, place: Place, depth: number): void {
    if (operator === '$not') {
      if (this.isTooDeep(depth + 1, place)) return;
      if (isObject(operand)) this.condition(path, operand, place, depth + 1);
      else this.report(place, 'must be an object of operators, for example {"$gt": 5}');
      return;
    }
    if (!OPERATORS.includes(operator)) {
      const hint = operator.startsWith('$')
        ? ''
        : '; a path into an object is written with dots: {"shipping.method": "express"}';
      this.report(place, `is not an operator; there are ${OPERATORS.join(', ')}${hint}`);
      return;
    }
    if (!this.counts()) return;
    if (operator === '$in') this.values(path, operand, place);
    else if (operator === '$exists') {
      if (typeof operand !== 'boolean') this.report(place, 'must be true or false');
    } else if (IS_COMPARISON.has(operator) && typeof operand !== 'number' && typeof operand !== 'string')
      this.report(place, 'must be a number or text');
    else this.value(path, operand, place);
  }

  private values(path: FilterPath, operand: unknown, place: Place): void {
    if (!Array.isArray(operand) || operand.length === 0 || operand.length > FILTER_LIMITS.inValues) {
      this.report(place, `must be a list of 1 to ${FILTER_LIMITS.inValues} values`);
      return;
    }
    for (const [index, each] of operand.entries()) {
      if (this.isOver) return;
      this.value(path, each, [...place, index]);
    }
  }

  private value(path: FilterPath, value: unknown, place: Place): void {
    const isText = typeof value === 'string';
    const isValue = isText || value === null || typeof value === 'boolean' || Number.isFinite(value);
    const tooLong = isText && value.length > FILTER_LIMITS.valueLength;
    if (!isValue || tooLong)
      this.report(
        place,
        `must be text (at most ${FILTER_LIMITS.valueLength} characters), a finite number, true, false or null`,
      );
    else if (path.kind === 'attribute' && !isText)
      this.report(place, `must be text: @${path.attribute} always is; whether there is one asks {"$exists": true}`);
    else if (path.kind === 'attribute' && path.attribute === 'time' && Number.isNaN(instantOf(String(value))))
      this.report(place, 'must be an RFC 3339 time, for example "2026-02-17T13:59:55Z"');
    if (isText) this.text(value, place);
  }

  private text(text: string, place: Place): void {
    this.textLength += text.length;
    if (this.textLength > FILTER_LIMITS.textLength)
      this.end(`must have at most ${FILTER_LIMITS.textLength} characters in all`);
    else if (UNSTORABLE.test(text)) this.report(place, 'must not contain U+0000 or half a surrogate pair');
  }

  /** Counts a comparison; false when there are too many. */
  private counts(): boolean {
    this.conditions++;
    if (this.conditions <= FILTER_LIMITS.conditions) return true;
    this.end(`must have at most ${FILTER_LIMITS.conditions} conditions`);
    return false;
  }

  private isTooDeep(depth: number, place: Place): boolean {
    if (depth <= FILTER_LIMITS.depth) return false;
    this.report(place, `must not lie deeper than ${FILTER_LIMITS.depth} levels of $and, $or and $not`);
    return true;
  }

  private report(place: Place, detail: string): void {
    if (this.isOver) return;
    this.problems.push({ path: place, detail });
    this.isOver = this.problems.length >= PROBLEMS_SHOWN;
  }

  /** A problem of the whole, after which the rest is not read. */
  private end(detail: string): void {
    this.report([], detail);
    this.isOver = true;
  }
}

const unknownName = (name: string): string =>
  name.startsWith('@')
    ? `is not an attribute; there are ${FILTER_ATTRIBUTES.map((each) => `@${each}`).join(', ')}. A member of the data that begins with @ is written with @@`
    : 'is not an operator of filters; there are $and, $or and $not. A member of the data that begins with $ is written with $$';
