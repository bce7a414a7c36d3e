import { cpuMsOf } from '@millrace/test-environment';
import fc from 'fast-check';
import { jsonText } from '../../../test-environment/src/json-text.arbitrary';
import { javaScriptJson } from './javascript-json';

const textOf = (json: string): string => {
  const result = javaScriptJson(json, 'data');
  if (result.kind === 'unrepresentable') throw new Error(`${result.path}: ${result.detail}`);
  return result.text;
};

describe('JSON as JavaScript writes it', () => {
  it.each([
    ['14400.0', '14400'],
    ['1e2', '100'],
    ['1E+2', '100'],
    ['-0', '0'],
    ['0.10', '0.1'],
    ['1e21', '1e+21'],
    ['0.0000001', '1e-7'],
    ['9007199254740992', '9007199254740992'],
    ['0.1', '0.1'],
    ['123456789.125', '123456789.125'],
    ['5e-324', '5e-324'],
    ['"\\/"', '"/"'],
    ['"\\u00e9\\u2028\\u0041"', '"é\u2028A"'],
    ['"\\ud800"', '"\\ud800"'],
    ['"\\ud83d\\ude00"', '"😀"'],
    ['"\\u0007\\b\\f"', '"\\u0007\\b\\f"'],
    [' { "b" : 1 , "a" : [ 1.0 , { } , null ] } ', '{"b":1,"a":[1,{},null]}'],
    [
      '{"b":1,"10":2,"9":3,"01":4,"-1":5,"4294967295":6,"4294967294":7}',
      '{"9":3,"10":2,"4294967294":7,"b":1,"01":4,"-1":5,"4294967295":6}',
    ],
    ['{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'],
    ['{"__proto__":{"x":1},"constructor":2,"toJSON":3}', '{"__proto__":{"x":1},"constructor":2,"toJSON":3}'],
    ['{"\\\\":1,"\\/":2}', '{"\\\\":1,"/":2}'],
    ['true', 'true'],
  ])('%s becomes %s', (json, expected) => {
    expect(textOf(json)).toBe(expected);
    expect(JSON.stringify(JSON.parse(expected))).toBe(expected);
  });

  it.each([
    ['12345678901234567890', 'data'],
    ['9007199254740993', 'data'],
    ['-9007199254740993', 'data'],
    ['1e400', 'data'],
    ['-1e400', 'data'],
    ['1e-400', 'data'],
    ['0.1000000000000000055', 'data'],
    ['9007199254740993.0', 'data'],
    ['90071992547409930e-1', 'data'],
    ['{"a":[0,{"b":12345678901234567890}]}', 'data.a.1.b'],
  ])('%s is refused, with its place', (json, path) => {
    const result = javaScriptJson(json, 'data');
    expect(result).toMatchObject({ kind: 'unrepresentable', path });
    expect(result.kind === 'unrepresentable' && result.detail).toContain('send it as a string');
  });

  it('gives what JSON.stringify(JSON.parse(text)) gives, and gives it again, for any JSON whose numbers are exact', () => {
    let compared = 0;
    fc.assert(
      fc.property(jsonText, (json) => {
        const result = javaScriptJson(json, 'data');
        if (result.kind === 'unrepresentable') {
          expect(/\d/.test(json)).toBe(true);
          return;
        }
        compared++;
        expect(textOf(result.text)).toBe(result.text);
        expect(result.text).toBe(JSON.stringify(asLiteral(json)));
      }),
      { numRuns: 3_000 },
    );
    expect(compared).toBeGreaterThan(500);
  });

  it('settles names that stand twice before it looks at their numbers', () => {
    expect(textOf('{"a":12345678901234567890,"b":[1],"a":1}')).toBe('{"a":1,"b":[1]}');
    expect(javaScriptJson('{"a":1,"a":[2,12345678901234567890,3],"b":4}', 'data')).toMatchObject({ path: 'data.a.1' });
  });

  it('takes time in proportion to the text, whatever stands in it', () => {
    const texts = (size: number): string[] => [
      `1.${'0'.repeat(size)}1`,
      `1${'0'.repeat(size)}1`,
      `"${'\\u0041'.repeat(size / 6)}"`,
      `${'['.repeat(62)}${'1,'.repeat(size / 2)}1${']'.repeat(62)}`,
    ];
    const cpuMs = (text: string, times: number): number =>
      cpuMsOf(() => {
        for (let n = 0; n < times; n++) javaScriptJson(text, 'data');
      });
    const large = texts(240_000);
    texts(15_000).forEach((small, index) => {
      // As much text in 16 times as many pieces; a quadratic way would take a sixteenth of the time for those.
      expect(cpuMs(large[index]!, 4)).toBeLessThan(150 + 5 * cpuMs(small, 4 * 16));
    });
  });

  it('takes every number that JavaScript wrote', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const written = JSON.stringify(number);
        expect(textOf(written)).toBe(written);
      }),
    );
  });

  it('takes no integer that JavaScript would change', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (integer) => {
        const exact = BigInt(Number(integer)) === integer;
        const kept =
          Number(String(Number(integer))) === Number(integer) && BigInt(decimalDigits(Number(integer))) === integer;
        expect(javaScriptJson(String(integer), 'data').kind).toBe(kept ? 'text' : 'unrepresentable');
        if (kept) expect(exact || Math.abs(Number(integer)) > 2 ** 53).toBe(true);
      }),
    );
  });
});

/**
 * The value of a JSON text as a literal of JavaScript. Not JSON.parse: V8 can read a name of one escaped character as a backslash
 * in an object of a known shape.
 */
const asLiteral = (json: string): unknown => new Function(`return (${json});`)();

/** The shortest digits that JavaScript writes for a whole number, without an exponent. */
const decimalDigits = (number: number): string => {
  const [mantissa, exponent] = number.toExponential().split('e') as [string, string];
  const [whole, fraction = ''] = mantissa.replace('-', '').split('.') as [string, string?];
  const digits = `${whole}${fraction}`.padEnd(Number(exponent) + 1, '0');
  return `${number < 0 ? '-' : ''}${digits}`;
};
