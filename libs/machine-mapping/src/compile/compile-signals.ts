import { type MappedSignal, type Rational, rational, toRational } from '@millrace/domain';
import { typeOfSignal } from '../expression/expression-value';
import type { WrittenSignal, WrittenSource } from '../language/mapping-shape';
import { ADDRESS_WORDS } from '../language/signal-shape';
import { wrongUnit } from '../language/ucum-hint';
import { type CompileContext, type SignalFacts, sourceOf } from './compile-context';

const scaleOf = (written: string | undefined): Rational | null => {
  if (written === undefined) return null;
  const [n = '', d] = written.split('/');
  if (d !== undefined) return rational(BigInt(n), BigInt(d));
  return toRational(n);
};

const isOne = (scale: Rational | null): boolean => scale === null || (scale.n === 1n && scale.d === 1n);

export const factsOf = ({ value }: WrittenSignal, sources: readonly WrittenSource[]): SignalFacts => ({
  type: typeOfSignal(value.type ?? null, !isOne(scaleOf(value.scale))),
  unit: value.unit?.text ?? null,
  words: value.enum ?? null,
  isJson: value.type === 'json',
  modulus: value.modulus ?? null,
  sourceType: (sources.find(({ name }) => name === value.source?.text) ?? onlyOne(sources))?.value.type ?? null,
});

const onlyOne = (sources: readonly WrittenSource[]): WrittenSource | undefined =>
  sources.length === 1 ? sources[0] : undefined;

export const compileSignal = (context: CompileContext, { name, named, value }: WrittenSignal): MappedSignal => {
  const paths = value.paths ?? ADDRESS_WORDS.flatMap((word) => (word === 'paths' ? [] : (value[word] ?? [])));
  if (value.unit !== undefined) {
    const wrong = wrongUnit(value.unit.text);
    if (wrong !== null) context.problems.add(value.unit.node.place, 'unknown_unit', wrong);
  }
  const isNumber = value.type === undefined || ['int64', 'uint64', 'double', 'float'].includes(value.type);
  for (const [member, given] of [
    ['scale', value.scale],
    ['modulus', value.modulus],
    ['deadband', value.deadband],
  ] as const)
    if (given !== undefined && !isNumber)
      context.problems.add(named, 'conflict', `has '${member}', which is for numbers, and is ${value.type}`);
  return {
    alias: name,
    source: sourceOf(context, value.source),
    paths,
    ignoreCase: value.ignoreCase,
    type: value.type ?? null,
    unit: value.unit?.text ?? null,
    scale: scaleOf(value.scale),
    modulus: value.modulus ?? null,
    staleAfterMs: value.staleAfter ?? null,
    deadband:
      value.deadband === undefined ? null : { abs: value.deadband.abs, maxTimeMs: value.deadband.maxTime ?? null },
  };
};
