import { cpuMsOf } from '@millrace/test-environment';
import fc from 'fast-check';
import { linearPattern, PATTERN_LIMITS, UnusablePattern } from './linear-pattern';

const unit = fc.constantFrom(
  ...['a', 'b', '0', '_', '-', '.', '\\d', '\\w', '\\S', '\\.', '\\u0041', '\\x62', '\\u{1F600}', '\\p{L}', '[ab]'],
  ...['[^a]', '[a-c0-9_]', '[\\]\\-x]', 'é', '😀', '\\ud83d\\ude00', '\\t', '\\/', '^', '$', '\\b'],
);
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '{2,}', '*?', '+?', '{0,1}?');
const pattern = fc.letrec<{ choice: string; sequence: string; single: string }>((tie) => ({
  choice: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
  sequence: fc
    .array(fc.tuple(tie('single'), quantifier), { maxLength: 4 })
    .map((parts) => parts.map(([part, times]) => (/^(\^|\$|\\b|\\B)$/.test(part) ? part : `${part}${times}`)).join('')),
  single: fc.oneof(
    { maxDepth: 2 },
    unit,
    tie('choice').map((inner) => `(?:${inner})`),
    tie('choice').map((inner) => `(${inner})`),
  ),
})).choice;
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'A', '0', '9', '_', '-', '.', ' ', '\t', '/', ']', 'é', '😀', '\ud83d', '\n'), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''));

const unlessTooLarge = (source: string) => {
  try {
    return linearPattern(source);
  } catch (error) {
    if (/too large|has \d+ characters/.test((error as Error).message)) return null;
    throw error;
  }
};

/** More repetitions inside each other keep JavaScript's own engine busy for hours, on eight characters too. */
const mostRepeats = 3;
const repeats = (source: string): number => source.match(/[*+]|\{\d+(,\d*)?\}/g)?.length ?? 0;

// Without \B, which V8 also finds in the middle of a surrogate pair.
test('matches what JavaScript matches', () => {
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 6 }), (source, texts) => {
      fc.pre(repeats(source) <= mostRepeats);
      const linear = unlessTooLarge(source);
      fc.pre(linear !== null);
      const theirs = new RegExp(source, 'u');
      for (const each of texts) expect([source, each, linear!.test(each)]).toEqual([source, each, theirs.test(each)]);
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ['^[0-9]{4}-[0-9]{2}$', '2024-01', true],
  ['^[0-9]{4}-[0-9]{2}$', '2024-1', false],
  ['^(?<word>\\w+)$', 'abc', true],
  ['b', 'abc', true],
  ['', '', true],
  ['^$', 'x', false],
  ['\\bcat\\b', 'a cat!', true],
  ['\\bcat\\b', 'concatenate', false],
  ['^.$', '\n', false],
  ['a\\Bb', 'ab', true],
  ['\\B', 'a', false],
  ['^(){3}a$', 'a', true],
  ['^(|a){2}b$', 'aab', true],
  ['^(|a){2}b$', 'aaab', false],
  ['^(?:a{0}){200}b$', 'b', true],
  ['^((|a)*)*$', 'aaa', true],
])('%s on %j is %s', (source, subject, expected) => {
  expect(linearPattern(source).test(subject)).toBe(expected);
});

test.each([
  ['(?=a)a', 'look-ahead'],
  ['(?<!a)b', 'look-behind'],
  ['(a)\\1', 'back-reference'],
  ['(?<x>a)\\k<x>', 'back-reference'],
  ['(', 'no regular expression'],
  ['a'.repeat(PATTERN_LIMITS.characters + 1), 'characters'],
  ['(a{100}){100}', 'too large'],
  ['((a{999999999}){999999999}){999999999,}', 'too large'],
  ['[^]{300}', 'too large'],
  ['(){257}', 'too large'],
  ['(){9007199254740991}', 'too large'],
  ['(?:){1000000000,}', 'too large'],
  ['((){9999}){9999}', 'too large'],
  ['(a{0}){1000000000}', 'too large'],
  ['(|){1000000000}', 'too large'],
])('refuses %s, and says why', (source, why) => {
  expect(() => linearPattern(source)).toThrow(UnusablePattern);
  expect(() => linearPattern(source)).toThrow(why);
});

/** Each of these keeps a backtracking engine busy for longer than the universe will last. */
test.each([
  '^(a+)+$',
  '^(a|a)*$',
  '^(a|aa)+$',
  '(a*)*b',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '.*.*.*.*.*.*x',
  '^(a?){50}a{50}$',
])('%s takes time in proportion to the text', (source) => {
  const linear = linearPattern(source);
  expect(cpuMsOf(() => linear.test(`${'a'.repeat(20_000)}!`))).toBeLessThan(5_000);
});
