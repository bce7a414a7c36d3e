import fc from 'fast-check';

/** JSON texts as they are found in the wild: odd numbers, every way to write a character, spaces everywhere. */
const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n  ');
const number = fc.constantFrom('0', '-0', '14400.0', '1e2', '1E+2', '1e400', '12345678901234567890', '-1.50', '0.1e-7');
const piece = fc.constantFrom(
  ...[
    'a',
    'data',
    '"',
    '\\',
    '/',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    ' ',
    'é',
    '😀',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\u007f',
  ],
);
/** Also as escapes that JSON.stringify would not choose, and as halves of surrogate pairs. */
const written = fc.oneof(
  piece.map((text) => JSON.stringify(text).slice(1, -1)),
  fc.constantFrom(
    '\\/',
    '\\u00e9',
    '\\u0000',
    '\\ud800',
    '\\udc00',
    '\\ud83d\\ude00',
    '\\u0022',
    '\\u005C',
    '\\b\\f\\n\\r\\t',
  ),
);
const stringText = fc.array(written, { maxLength: 5 }).map((pieces) => `"${pieces.join('')}"`);
const spaced = (inner: fc.Arbitrary<string>) => fc.tuple(space, inner, space).map((parts) => parts.join(''));

const { value } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('null', 'true', 'false', '""', '[]', '{}'),
    number,
    stringText,
    tie('array'),
    tie('object'),
  ),
  array: fc.array(spaced(tie('value')), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
  object: fc
    .array(fc.tuple(spaced(stringText), spaced(tie('value'))), { maxLength: 4 })
    .map((members) => `{${members.map(([name, content]) => `${name}:${content}`).join(',')}}`),
}));

export const jsonText: fc.Arbitrary<string> = value;
export const jsonObjectMembers: fc.Arbitrary<[name: string, value: string][]> = fc.array(
  fc.tuple(spaced(stringText), spaced(value)),
  { maxLength: 6 },
);
export const jsonArrayItems: fc.Arbitrary<string[]> = fc.array(spaced(value), { maxLength: 6 });
