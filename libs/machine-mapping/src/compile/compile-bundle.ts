import {
  type BundleReason,
  type BundleRule,
  type BundleTrigger,
  conversionFactor,
  type Dimension,
  unitOf,
} from '@millrace/domain';
import { quoted } from '../document/did-you-mean';
import { RESERVED_NAMES } from '../expression/reserved-names';
import type { Locals } from '../expression/vocabulary';
import type { Written } from '../language/rule-shapes';
import { type Word } from '../language/shape';
import { wrongUnit } from '../language/ucum-hint';
import {
  A_NUMBER,
  A_VALUE,
  type CompileContext,
  expressionOf,
  expressionsOf,
  inputOf,
  optionalExpression,
  triggerOf,
} from './compile-context';
import { emittedType } from './event-type';

/** Members of a BundleResult that the rule itself measures. */
const MEASURED: ReadonlySet<string> = new Set([
  'BundleCode',
  'ProducedLengthIn',
  'ConsumedLengthIn',
  'GoodIn',
  'ScrapIn',
  'ReclaimedIn',
  'TotalQty',
  'TotalLbs',
  'StartTime',
  'EndTime',
  'Complete',
  'RunMinutes',
  'DelayMinutes',
  'ShortestLengthIn',
  'LongestLengthIn',
  'FinalMachineNumber',
  'Items',
  'CoilsUsed',
  'ScrapInByReason',
  'DelayMinByReason',
]);

/** A number with a unit of the dimension: what has none cannot be added up. */
const measured = (context: CompileContext, word: Word, dimension: Dimension): string => {
  const alias = inputOf(context, word, A_NUMBER);
  const facts = context.signals.get(alias);
  if (facts === undefined) return alias;
  if (facts.unit === null) {
    const example = dimension === 'mass' ? '[lb_av]' : '[in_i]';
    context.problems.add(
      word.node.place,
      'missing_unit',
      `${quoted(alias)} has no unit, and a ${dimension} needs one; write for example unit: "${example}" at the signal`,
    );
  } else {
    const unit = unitOf(facts.unit);
    // An unknown unit is told where it stands.
    if (unit !== null && unit.dimension !== dimension)
      context.problems.add(
        word.node.place,
        'mixed_units',
        `${quoted(alias)} is in ${facts.unit}, a unit of ${unit.dimension}; this is a ${dimension}`,
      );
  }
  return alias;
};

const optionalMeasured = (context: CompileContext, word: Word | undefined, dimension: Dimension): string | null =>
  word === undefined ? null : measured(context, word, dimension);

const lengthsOf = (context: CompileContext, { lengths }: Written<'bundle'>): BundleRule['lengths'] => {
  const { canonical } = lengths;
  const wrong = wrongUnit(canonical, 'length');
  if (wrong !== null) context.problems.add(lengths.node.members.get('canonical')!.node.place, 'unknown_unit', wrong);
  else if (conversionFactor(canonical, '[in_i]') === null)
    context.problems.add(lengths.node.place, 'mixed_units', `${quoted(canonical)} cannot be converted to inches`);
  return {
    good: measured(context, lengths.good, 'length'),
    scrap: optionalMeasured(context, lengths.scrap, 'length'),
    reclaimed: optionalMeasured(context, lengths.reclaimed, 'length'),
    canonical,
    round: lengths.round,
    maxStep: lengths.maxStep ?? null,
  };
};

type WrittenReasons = NonNullable<Written<'bundle'>['reasons']>;
const reasonOf = (context: CompileContext, written: WrittenReasons['scrap']): BundleReason | null =>
  written === undefined
    ? null
    : {
        input: inputOf(context, written.input, A_VALUE),
        attribute: written.attribute,
        windowMs: written.window,
        default: written.default,
      };

const WITHOUT_TIME = { run: "status == 'running'", delay: "status != 'running'" };
const timeOf = (context: CompileContext, rule: Written<'bundle'>): BundleRule['time'] => {
  const { time, node } = rule;
  const plain = (text: string): Word => ({
    text,
    node: { kind: 'scalar', place: node.place, value: text, isBigInteger: false, text, placeAt: () => node.place },
  });
  const run = time?.run ?? plain(WITHOUT_TIME.run);
  const opposite = time?.run === undefined ? plain(WITHOUT_TIME.delay) : plain(`!(${time.run.text})`);
  return {
    run: expressionOf(context, run, 'bool'),
    delay: expressionOf(context, time?.delay ?? opposite, 'bool'),
    gap: time?.gap ?? 'bridge',
  };
};

/** What the bundle holds, beside the signals: names for the formula of its weight. */
const weightLocals = (rule: Written<'bundle'>): Locals => ({
  // A block whose name means something else in expressions is in the result all the same.
  ...Object.fromEntries(
    rule.enrich.flatMap(({ name }) => (RESERVED_NAMES.has(name) ? [] : [[name, 'dyn' as const] as const])),
  ),
  ...Object.fromEntries(
    ['good', 'scrap', 'reclaimed', 'consumed'].flatMap((name) => [
      [`${name}In`, 'double' as const],
      [`${name}Ft`, 'double' as const],
    ]),
  ),
  quantity: 'double',
});

export const compileBundle = (context: CompileContext, rule: Written<'bundle'>): BundleRule => {
  for (const { name, named } of rule.fields)
    if (MEASURED.has(name))
      context.problems.add(named, 'conflict', `${quoted(name)} is measured by the rule; leave it out of fields`);
  const weight = rule.weight;
  if (weight !== undefined && weight.input === undefined && weight.else === undefined)
    context.problems.add(
      weight.node.place,
      'missing',
      "lacks 'input' (the signal that gives it) or 'else' (an expression, in pounds)",
    );
  return {
    id: rule.id.text,
    kind: 'bundle',
    emit: emittedType(context, rule.emit, 'bundle'),
    open: rule.open.on.map(
      (word): BundleTrigger => (word.text === 'firstPiece' ? { kind: 'firstPiece' } : triggerOf(context, word)),
    ),
    close: {
      on: triggerOf(context, rule.close.on),
      alsoOn: rule.close.alsoOn.map((word) => triggerOf(context, word)),
      settleMs: rule.close.settle,
    },
    start: rule.start,
    key: expressionOf(context, rule.key, 'text'),
    fields: expressionsOf(context, rule.fields),
    lengths: lengthsOf(context, rule),
    reasons: {
      scrap: reasonOf(context, rule.reasons?.scrap),
      delay: reasonOf(context, rule.reasons?.delay),
    },
    time: timeOf(context, rule),
    coils:
      rule.coils === undefined
        ? null
        : { splitOn: inputOf(context, rule.coils.splitOn, A_VALUE), fields: expressionsOf(context, rule.coils.fields) },
    items:
      rule.items === undefined
        ? null
        : {
            key: inputOf(context, rule.items.key, A_VALUE),
            quantityDone: inputOf(context, rule.items.quantityDone, A_NUMBER),
            length: optionalMeasured(context, rule.items.length, 'length'),
            piece: optionalMeasured(context, rule.items.piece, 'length'),
            fields: expressionsOf(context, rule.items.fields),
          },
    weight:
      weight === undefined
        ? null
        : {
            input: optionalMeasured(context, weight.input, 'mass'),
            else: optionalExpression(context, weight.else, 'number', weightLocals(rule)),
          },
    enrich: expressionsOf(context, rule.enrich),
  };
};
