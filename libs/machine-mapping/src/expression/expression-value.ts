import { ExpressionFailed, type ExpressionValue, type MappedSignal } from '@millrace/domain';

/** Types of expressions, by CEL's names. */
export type ValueType = 'bool' | 'int' | 'double' | 'string' | 'dyn';

/** What a signal is to an expression. Scaled integers are no integers any more. */
export const typeOfSignal = (type: MappedSignal['type'], isScaled: boolean): ValueType => {
  switch (type) {
    case 'bool':
      return 'bool';
    case 'int64':
    case 'uint64':
      return isScaled ? 'double' : 'int';
    case 'double':
    case 'float':
      return 'double';
    case 'string':
    case 'datetime':
      return 'string';
    case 'json':
    case null:
      return 'dyn';
  }
};

const INTEGER = /^[+-]?\d{1,19}$/;

/** The value of a signal or a local as the evaluator takes it. */
export const toEvaluator = (value: ExpressionValue, type: ValueType, name: string): unknown => {
  if (value === null || value === undefined) throw new ExpressionFailed(`${name} is not known`);
  switch (type) {
    case 'int':
      if (typeof value === 'bigint') return value;
      if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
      if (typeof value === 'string' && INTEGER.test(value)) return BigInt(value);
      throw new ExpressionFailed(`${name} is no whole number`);
    case 'double': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number === 'number' || typeof number === 'bigint') {
        if (Number.isFinite(Number(number))) return Number(number);
      }
      throw new ExpressionFailed(`${name} is no number`);
    }
    case 'string':
      if (typeof value === 'object') throw new ExpressionFailed(`${name} is no text`);
      return String(value);
    case 'bool':
      if (typeof value === 'boolean') return value;
      throw new ExpressionFailed(`${name} is neither true nor false`);
    case 'dyn':
      return value;
  }
};

const DEEPEST = 32;
const LONGEST_TEXT = 64 * 1024;

/** What the evaluator gave, as the fold takes it: integers are numbers as far as a number can hold them. */
export const fromEvaluator = (value: unknown, depth = 0): ExpressionValue => {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      if (value.length > LONGEST_TEXT)
        throw new ExpressionFailed(`gives a text of more than ${LONGEST_TEXT} characters`);
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new ExpressionFailed('gives no finite number (a division by 0?)');
      return value;
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    case 'object':
      if (value === null) return null;
      if (depth >= DEEPEST) throw new ExpressionFailed(`gives something nested more than ${DEEPEST} levels deep`);
      if (Array.isArray(value)) return value.map((item) => fromEvaluator(item, depth + 1));
      if (isPlain(value))
        return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fromEvaluator(item, depth + 1)]));
  }
  throw new ExpressionFailed('gives something that is no JSON');
};

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};
