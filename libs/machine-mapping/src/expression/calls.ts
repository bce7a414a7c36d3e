import type { Environment } from '@marcbachmann/cel-js';
import { ExpressionFailed } from '@millrace/domain';

/**
 * What an expression may call. Everything here takes time in proportion to its arguments and gives the same for the same
 * arguments on every machine: no time of day, no time zones, no regular expressions, no loops over lists.
 */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  'abs',
  'bool',
  'ceil',
  'double',
  'floor',
  'has',
  'int',
  'max',
  'min',
  'pad',
  'round',
  'size',
  'string',
]);
export const METHODS: ReadonlySet<string> = new Set([
  'contains',
  'endsWith',
  'indexOf',
  'lastIndexOf',
  'lowerAscii',
  'size',
  'startsWith',
  'substring',
  'trim',
  'upperAscii',
]);
/** `<signal>.changed` and so on: what happened to it with the signal that is folded. */
export const EDGE_WORDS = ['changed', 'rising', 'falling', 'known'] as const;
export type EdgeWord = (typeof EDGE_WORDS)[number];

const WIDEST = 64;
const MOST_DECIMALS = 15;

const asNumber = (value: unknown, call: string): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  throw new ExpressionFailed(`${call} is given no number`);
};

/** Leading zeros up to `width` characters, after a sign. */
const pad = (value: unknown, width: bigint): string => {
  const written =
    typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number' ? String(value) : null;
  if (written === null) throw new ExpressionFailed('pad() is given neither a number nor text');
  if (width < 0n || width > WIDEST) throw new ExpressionFailed(`pad() can make at most ${WIDEST} characters`);
  const sign = /^-\d/.test(written) ? '-' : '';
  return sign + written.slice(sign.length).padStart(Number(width) - sign.length, '0');
};

/** Halves away from 0, of the decimal that is seen and not of its binary neighbour: round(1.005, 2) is 1.01. */
const round = (value: unknown, decimals: bigint): number => {
  if (decimals < 0n || decimals > MOST_DECIMALS)
    throw new ExpressionFailed(`round() goes to at most ${MOST_DECIMALS} decimals`);
  const plain = asNumber(value, 'round()');
  const shifted = Math.round(Number(`${shift(Math.abs(plain), Number(decimals))}`));
  const rounded = Number(shift(shifted, -Number(decimals)));
  return plain < 0 && rounded !== 0 ? -rounded : rounded;
};

const shift = (value: number, by: number): string => {
  const [digits, exponent = '0'] = String(value).split('e');
  return `${digits}e${Number(exponent) + by}`;
};

/** Arithmetic of integers and doubles together, and the functions above. */
export const registerCalls = (environment: Environment): void => {
  const operations: { readonly [operator: string]: (a: number, b: number) => number } = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
  };
  for (const [operator, of] of Object.entries(operations))
    for (const [left, right] of [
      ['double', 'int'],
      ['int', 'double'],
    ])
      environment.registerOperator(`${left} ${operator} ${right}: double`, (a, b) => of(Number(a), Number(b)));
  // One order of the operands stands for both.
  environment.registerOperator('double == int: bool', (a, b) => Number(a) === Number(b));
  environment.registerFunction('pad(dyn, int): string', pad);
  environment.registerFunction('round(dyn, int): double', round);
  environment.registerFunction('floor(dyn): double', (value) => Math.floor(asNumber(value, 'floor()')));
  environment.registerFunction('ceil(dyn): double', (value) => Math.ceil(asNumber(value, 'ceil()')));
  for (const type of ['int', 'double']) {
    environment.registerFunction(`abs(${type}): ${type}`, (value) => (value < 0 ? -value : value));
    environment.registerFunction(`min(${type}, ${type}): ${type}`, (a, b) => (b < a ? b : a));
    environment.registerFunction(`max(${type}, ${type}): ${type}`, (a, b) => (b > a ? b : a));
  }
  for (const [left, right] of [
    ['double', 'int'],
    ['int', 'double'],
  ]) {
    environment.registerFunction(`min(${left}, ${right}): double`, (a, b) => Math.min(Number(a), Number(b)));
    environment.registerFunction(`max(${left}, ${right}): double`, (a, b) => Math.max(Number(a), Number(b)));
  }
};
