import { ExpressionFailed, type ExpressionValue } from '@millrace/domain';
import type { ValueType } from './expression-value';

/** What the place of an expression takes. */
export type Wanted = 'bool' | 'text' | 'number' | 'any';

export const misfitOf = (type: ValueType, wanted: Wanted): string | null => {
  if (type === 'dyn' || wanted === 'any') return null;
  switch (wanted) {
    case 'bool':
      return type === 'bool' ? null : `must be true or false, and is ${type}; compare it with something`;
    case 'text':
      return type === 'string' ? null : `must be text, and is ${type}; write string(…)`;
    case 'number':
      return type === 'int' || type === 'double' ? null : `must be a number, and is ${type}`;
  }
};

/** Of what the type checker knows nothing of, a number is taken for its digits. */
const asText = (value: ExpressionValue): string => {
  if (value === null || typeof value === 'object') throw new ExpressionFailed('gives no text');
  return String(value);
};

export const asWanted = (value: ExpressionValue, wanted: Wanted): ExpressionValue => {
  if (wanted === 'bool' && typeof value !== 'boolean') throw new ExpressionFailed('gives neither true nor false');
  if (wanted === 'text') return asText(value);
  if (wanted === 'number' && typeof value !== 'number' && typeof value !== 'bigint')
    throw new ExpressionFailed('gives no number');
  return value;
};
