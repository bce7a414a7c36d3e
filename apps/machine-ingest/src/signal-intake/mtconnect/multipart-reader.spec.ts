import fc from 'fast-check';
import { boundaryOf, MultipartReader, MultipartRefused } from './multipart-reader';

const part = (body: string, { end = '\r\n', length = true } = {}): string =>
  `--b${end}Content-type: text/xml${end}${length ? `Content-length: ${Buffer.byteLength(body)}${end}` : ''}${end}${body}${end}`;

const read = (bytes: Buffer, cuts: readonly number[] = [], limit = 1_000): string[] => {
  const reader = new MultipartReader('b', limit);
  const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).flatMap((to, n) => reader.push(bytes.subarray(at[n], to)).map((one) => one.toString()));
};

it('gives the same parts however the bytes are cut, whatever ends the lines, counted or not', () => {
  const body = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !/--b|^[\r\n]|[\r\n]$/.test(text));
  const form = fc.record({ end: fc.constantFrom('\r\n', '\n'), length: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.tuple(body, form), { maxLength: 5 }), fc.array(fc.nat(400)), (parts, cuts) => {
      const bytes = Buffer.from(`${parts.map(([text, how]) => part(text, how)).join('')}--b--\r\n`);
      expect(read(bytes, cuts)).toEqual(parts.map(([text]) => text));
      expect(
        read(
          bytes,
          Array.from(bytes, (_, n) => n),
        ),
      ).toEqual(parts.map(([text]) => text));
    }),
  );
});

it('takes what looks like a boundary inside a counted part for what it is', () => {
  expect(read(Buffer.from(`${part('<a>\r\n--b\r\n</a>')}--b--`))).toEqual(['<a>\r\n--b\r\n</a>']);
});

it('knows the end, with or without a line end behind it', () => {
  const reader = new MultipartReader('b', 100);
  expect(reader.push(Buffer.from(part('x')))).toHaveLength(1);
  expect(reader.ended).toBe(false);
  reader.push(Buffer.from('--b--'));
  expect(reader.ended).toBe(true);
});

it.each([
  ['a part that is announced too long', '--b\r\nContent-Length: 1001\r\n\r\n', 'too_large'],
  ['a part that grows too long', `--b\r\n\r\n${'x'.repeat(1_001)}`, 'too_large'],
  ['a length that is too short', '--b\r\nContent-Length: 3\r\n\r\nabcdef\r\n--b\r\n', 'malformed'],
  ['a page', '<html>\n<body>', 'malformed'],
  ['headers without an end', `--b\r\nX: ${'x'.repeat(20_000)}`, 'malformed'],
  ['a line without an end', 'x'.repeat(20_000), 'malformed'],
])('refuses %s', (_, text, code) => {
  const refusal = () => read(Buffer.from(text));
  expect(refusal).toThrow(MultipartRefused);
  expect(refusal).toThrow(expect.objectContaining({ code }));
});

it('holds no more than the limit of one part', () => {
  const reader = new MultipartReader('b', 100_000);
  reader.push(Buffer.from('--b\r\n\r\n'));
  const flood = () => {
    for (let n = 0; n < 1_000; n++) reader.push(Buffer.alloc(1_000, 0x61));
  };
  expect(flood).toThrow(expect.objectContaining({ code: 'too_large' }));
});

it.each([
  ['multipart/x-mixed-replace;boundary=abc', 'abc'],
  ['multipart/x-mixed-replace; boundary="a b"', 'a b'],
  ['Multipart/Mixed; charset=x; Boundary=--a', '--a'],
  ['text/xml; boundary=abc', null],
  ['multipart/x-mixed-replace', null],
  ['', null],
])('boundary of %s', (type, boundary) => {
  expect(boundaryOf(type)).toBe(boundary);
});
