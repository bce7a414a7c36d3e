import { byteaArray, plainArray, textArray } from './array-literal';

it.each([
  [['a', null, ''], '{"a",NULL,""}'],
  [['NULL', 'b"c', 'd\\e'], '{"NULL","b\\"c","d\\\\e"}'],
  [['{x,y}', "o'clock", ' spaced '], '{"{x,y}","o\'clock"," spaced "}'],
  [[], '{}'],
])('writes the texts %j', (values, literal) => {
  expect(textArray(values)).toBe(literal);
});

it('writes numbers and bytes', () => {
  expect(plainArray([1, null, 9_007_199_254_740_993n])).toBe('{1,NULL,9007199254740993}');
  expect(byteaArray([Buffer.from([0, 255]), null, Buffer.alloc(0)])).toBe('{"\\\\x00ff",NULL,"\\\\x"}');
});
