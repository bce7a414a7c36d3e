/** JSON texts that break whoever parses and writes them again; each is valid JSON within the limits of an event's data. */
export interface HostilePayload {
  readonly name: string;
  /** JSON text, exactly as a producer sends it. */
  readonly data: string;
  /** JavaScript holds all its numbers. */
  readonly exact: boolean;
}

/** Numbers that JavaScript holds, and writes as the same value. */
const EXACT_NUMBERS = [
  ...['0', '-0', '0.0', '-0.0', '0e0', '0E+5', '1', '-1', '1.0', '1.10', '14400.0', '0.1', '0.30000000000000004'],
  ...['1e2', '1E2', '1e+2', '1E-2', '100e-2', '12.5e3', '1e21', '1e22', '123456789012345680000', '1e-6', '1e-7'],
  ...['9007199254740991', '9007199254740992', '9007199254740994', '-9007199254740992', '4503599627370497'],
  ...['1e308', '1.7976931348623157e308', '5e-324', '2.2250738585072014e-308', '1e-323', '0e-400', '-0e+400'],
  ...['3.141592653589793', '2.5e-8', '123e-20', '1.0000000000000002', '120.000', '-1.50', '0.5e1', '5E1'],
  ...[`1${'0'.repeat(300)}`, `0.${'0'.repeat(300)}1`, `1.${'0'.repeat(300)}`],
];

/** Numbers that would arrive as others, or as null. */
const INEXACT_NUMBERS = [
  ...['9007199254740993', '-9007199254740993', '9223372036854775807', '-9223372036854775808', '18446744073709551615'],
  ...[
    '12345678901234567890',
    '9007199254740993.0',
    '90071992547409930e-1',
    '4503599627370496.5',
    '4503599627370497.25',
  ],
  ...['1.7976931348623159e308', '1e309', '-1e309', '1e400', '1e99999', '4.9e-324', '1e-400', '-1e-400', '1e-99999'],
  ...['0.1000000000000000055', '0.10000000000000000001', '3.14159265358979323846', '1.0000000000000001'],
  '9'.repeat(300),
];

/** Inside the quotes of a string, as they stand in the text. */
const STRINGS = [
  ...['', ' ', 'plain', '\\/', '\\\\', '\\"', '\\b\\f\\n\\r\\t', '\\u0000', '\\u0001\\u001f', '\\u007f', '\u007f'],
  ...[
    '\\u0041',
    '\\u00e9',
    '\u00e9',
    '\\u00E9',
    'e\u0301',
    '\\u2028',
    '\u2028',
    '\\u2029',
    '\u2029',
    '\\ufeff',
    '\ufeff',
  ],
  ...['\\ud83d\\ude00', '\u{1f600}', '\\uD83D\\uDE00', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', '\\ud800', '\\udc00'],
  ...['\\udc00\\ud800', 'a\\ud800b', '\\ud83d', '\\ud83d\u{1f600}', '\\ude00\\ud83d', '\\uffff', '\\ufffe', '\ufffd'],
  ...['\u202eabc', '\u200b', '\u00a0', '\\u00a0', '<script>alert(1)</script>', '</script>', '&amp;', '%00', '\\u003c'],
  ...['{{7*7}}', "' OR 1=1 --", '\u4e2d\u6587', '\u0627\u0644', '\\u001b[31m', '\u{10ffff}', '\\udbff\\udfff'],
  ...[
    '\\u0009',
    '\\u000a',
    '\\u000D',
    '\\u0022',
    '\\u005C',
    '\\u002F',
    '\u0300',
    '\u2060',
    '\\ufdd0',
    '\\u0085',
    '\u0085',
  ],
  ...['1e400', '12345678901234567890', 'null', 'true', '{\\"a\\":1}', '[1,2]', '-0', '2026-02-17T13:59:55Z'],
  'x'.repeat(10_000),
];

const NAMES = [
  ...[
    '{"":1}',
    '{" ":1}',
    '{"a.b":1}',
    '{"a":{"":{"":1}}}',
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":1}}',
  ],
  ...[
    '{"toJSON":1}',
    '{"toString":null}',
    '{"hasOwnProperty":true}',
    '{"length":0}',
    '{"valueOf":{}}',
    '{"id":1,"type":2}',
  ],
  ...[
    '{"b":1,"a":2}',
    '{"10":1,"2":2}',
    '{"2":1,"10":2,"1":3}',
    '{"b":1,"1":2,"a":3,"0":4}',
    '{"01":1,"1":2}',
    '{"-1":1,"1":2}',
  ],
  ...[
    '{"1.0":1,"1":2}',
    '{"4294967294":1,"0":2}',
    '{"4294967295":1,"0":2}',
    '{"9007199254740993":1,"1":2}',
    '{"1e3":1,"1":2}',
  ],
  ...['{"a":1,"a":2}', '{"a":1,"b":2,"a":3}', '{"1":1,"1":2,"0":3}', '{"a":{"x":1},"a":{"y":2}}', '{"a":1e2,"a":1}'],
  ...[
    '{"\\u0061":1,"a":2}',
    '{"\u00e9":1,"e\u0301":2}',
    '{"\\u00e9":1}',
    '{"\u2028":1}',
    '{"\\ud800":1}',
    '{"\u{1f600}":1}',
  ],
  ...['{"data":{"data":{}}}', '{"signature":"x"}', '{"timestamp":1,"tenant_id":"other","event":"spoofed"}'],
];

const SPACES = [
  ...['{ }', '[ ]', '{\n\t"a" : 1\r\n}', '[1 , 2 ,\t3]', ' {"a":1} ', '\n"text"\n', '{"a":[ { } , [ ] ]}', '  null  '],
];

const SCALARS = [
  '[1,[2,[3]]]',
  '[true,false]',
  '{"a":{}}',
  'null',
  'true',
  'false',
  '""',
  '"text"',
  '[]',
  '{}',
  '0',
  '[null]',
  '[[]]',
  '[{}]',
  '{"a":null}',
];

const nested = (open: string, close: string, depth: number, inside: string): string =>
  open.repeat(depth) + inside + close.repeat(depth);

const LARGE = [
  ...[2, 8, 32, 60].map((depth) => ({ name: `arrays ${depth} deep`, data: nested('[', ']', depth, '1.0') })),
  ...[2, 8, 32, 60].map((depth) => ({ name: `objects ${depth} deep`, data: nested('{"a":', '}', depth, '"\\/"') })),
  { name: 'a text of 200 KB', data: `{"t":"${'\u00e9'.repeat(100_000)}"}` },
  { name: 'escapes of 200 KB', data: `{"t":"${'\\u00e9'.repeat(33_000)}"}` },
  { name: '5,000 names', data: `{${Array.from({ length: 5_000 }, (_, n) => `"k${5_000 - n}":${n}.0`).join(',')}}` },
  {
    name: '5,000 integer-like names',
    data: `{${Array.from({ length: 5_000 }, (_, n) => `"${5_000 - n}":${n}`).join(',')}}`,
  },
  { name: '20,000 numbers', data: `[${Array.from({ length: 20_000 }, (_, n) => `${n}.50`).join(',')}]` },
];

const shown = (text: string): string => (text.length <= 40 ? text : `${text.slice(0, 39)}…`);

const ofNumber = (number: string) => ({ name: `the number ${shown(number)}`, data: `{"a":[{"n":${number}}]}` });

export const HOSTILE_PAYLOADS: readonly HostilePayload[] = [
  ...EXACT_NUMBERS.map((number) => ({ ...ofNumber(number), exact: true })),
  ...INEXACT_NUMBERS.map((number) => ({ ...ofNumber(number), exact: false })),
  ...[
    ...STRINGS.map((text) => ({ name: `the text ${JSON.stringify(shown(text))}`, data: `{"s":"${text}"}` })),
    ...NAMES.map((data) => ({ name: `the names of ${JSON.stringify(shown(data))}`, data })),
    ...SPACES.map((data) => ({ name: `the spaces of ${JSON.stringify(data)}`, data })),
    ...SCALARS.map((data) => ({ name: `the whole of ${data}`, data })),
    ...LARGE,
  ].map((each) => ({ ...each, exact: true })),
];
