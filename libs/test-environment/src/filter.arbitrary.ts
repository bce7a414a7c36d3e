import type { Filter, FilterAttributes, FilterValue } from '@millrace/domain';
import fc from 'fast-check';

/** Filters and events of a small vocabulary, so that they meet. */
const memberName = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'b') },
  { weight: 1, arbitrary: fc.constantFrom('0', '__proto__', 'constructor', '@id', '$in', 'length') },
);
const value: fc.Arbitrary<FilterValue> = fc.constantFrom<FilterValue[]>(0, 1, 2, '', '1', 'b', true, false, null);

const dataPath = fc
  .oneof(
    { weight: 3, arbitrary: fc.tuple(memberName) },
    { weight: 1, arbitrary: fc.array(memberName, { minLength: 2, maxLength: 3 }) },
  )
  .map((steps) => steps.join('.'))
  .map((path) => (/^[@$]/.test(path) ? path[0] + path : path));
const attribute = fc.constantFrom('@type', '@source', '@subject', '@id');
const attributeText = fc.constantFrom('1', 'b', 'm.alarm', '/line-1');
export const times = [
  '2026-02-17T13:59:55Z',
  '2026-02-17T14:59:55.000+01:00',
  '2026-02-17T13:59:55.0001Z',
  '2026-02-17T13:59:56Z',
] as const;
const time = fc.constantFrom(...times);

const condition = (operand: fc.Arbitrary<FilterValue>, ordered: fc.Arbitrary<string | number>) =>
  fc.letrec<{ condition: object }>((tie) => ({
    condition: fc
      .record(
        {
          $eq: operand,
          $ne: operand,
          $in: fc.array(operand, { minLength: 1, maxLength: 3 }),
          $gt: ordered,
          $gte: ordered,
          $lt: ordered,
          $lte: ordered,
          $exists: fc.boolean(),
          $not: fc.oneof({ maxDepth: 1 }, fc.constant({ $exists: true }), tie('condition')),
        },
        { requiredKeys: [], noNullPrototype: true },
      )
      .map((all) => Object.fromEntries(Object.entries(all).slice(0, 2)))
      .filter((all) => Object.keys(all).length > 0),
  })).condition;

const entry = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(dataPath, value) },
  {
    weight: 4,
    arbitrary: fc.tuple(dataPath, condition(value, fc.constantFrom<(string | number)[]>(0, 1, 2, '', '1', 'b'))),
  },
  { weight: 1, arbitrary: fc.tuple(attribute, attributeText) },
  { weight: 1, arbitrary: fc.tuple(attribute, condition(attributeText, attributeText)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('@time'), fc.oneof(time, condition(time, time))) },
);

/** Within the limits as long as it is not put into another one. */
export const anyFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => {
  const inner = tie('filter').filter((each) => Object.keys(each).length > 0);
  const group = fc.oneof(
    fc.tuple(fc.constantFrom('$and', '$or'), fc.array(inner, { minLength: 1, maxLength: 2 })),
    fc.tuple(fc.constant('$not'), inner),
  );
  return {
    filter: fc
      .array(fc.oneof({ maxDepth: 2, depthSize: 'small' }, entry, entry, entry, group), { maxLength: 3 })
      .map((entries) => Object.fromEntries(entries) as Filter),
  };
}).filter;

export const anyData: fc.Arbitrary<unknown> = fc.letrec<{ data: unknown; member: unknown }>((tie) => ({
  data: fc.oneof(
    { depthSize: 'small' },
    { weight: 3, arbitrary: value },
    { weight: 5, arbitrary: fc.dictionary(memberName, tie('member'), { maxKeys: 4 }) },
    { weight: 1, arbitrary: fc.array(tie('member'), { maxLength: 2 }) },
  ),
  member: fc.oneof({ weight: 2, arbitrary: value }, { weight: 1, arbitrary: tie('data') }),
})).data;

export const anyAttributes: fc.Arbitrary<FilterAttributes> = fc.record({
  type: attributeText,
  source: attributeText,
  subject: fc.option(attributeText),
  time,
  id: attributeText,
});
