import { cpuMsOf } from '@millrace/test-environment';
import { plainValue } from './document-node';
import { ProblemList } from './mapping-problem';
import { type DocumentFormat, readDocument } from './read-document';

const read = (text: string, format: DocumentFormat = 'yaml') => {
  const problems = new ProblemList();
  const node = readDocument(text, format, problems);
  return { value: node === null ? null : plainValue(node), problems: problems.inOrder() };
};
const told = (text: string, format: DocumentFormat = 'yaml') =>
  read(text, format).problems.map(({ line, column, code }) => `${line}:${column} ${code}`);

describe('the text of a mapping', () => {
  it('is YAML 1.2: yes, 0777 and 12:30 are what they look like, big integers keep their digits', () => {
    expect(read('a: yes\nb: 0777\nc: 12:30\nd: 9007199254740993\ne: 1.5\nf: ~\n6: six\ntrue: t')).toEqual({
      value: { a: 'yes', b: 777, c: '12:30', d: '9007199254740993', e: 1.5, f: null, 6: 'six', true: 't' },
      problems: [],
    });
  });

  it('takes JSON with its places, tabs and escapes included', () => {
    expect(read('{\n\t"a":\t"x\\u00e4\\/\\ud83d\\ude00",\n\t"b": [1, true, null]\n}', 'json')).toEqual({
      value: { a: 'xä/😀', b: [1, true, null] },
      problems: [],
    });
    expect(told('{"a": 1,}', 'json')).toEqual(['1:9 syntax']);
    expect(told('{\n "a": 1\n "b": 2}', 'json')).toEqual(['3:2 syntax']);
    expect(told('a: 1', 'json')).toEqual(['1:1 syntax']);
    expect(told('{\n "a": 1,\n "a": 2}', 'json')).toEqual(['3:2 duplicate_key']);
    expect(told('', 'json')).toEqual(['1:1 syntax']);
  });

  it.each([
    ['', ['1:1 empty']],
    ['# nothing', ['1:1 empty']],
    ['a: &x 1\nb: *x', ['1:4 anchor', '2:4 alias']],
    ['a: !!str 1\nb: !x {}', ['1:4 tag', '2:4 tag']],
    ['a:\n  <<: {b: 1}', ['2:3 merge_key']],
    ['a: 1\nb: 2\na: 3', ['3:1 duplicate_key']],
    ['a: {b: 1, b: 2}', ['1:11 duplicate_key']],
    ['__proto__: {x: 1}', ['1:1 forbidden_key']],
    ['"__proto__": 1', ['1:1 forbidden_key']],
    ['a: {constructor: 1}', ['1:5 forbidden_key']],
    ['a: 1\n---\nb: 2', ['2:1 several_documents']],
    ['%YAML 1.1\n---\na: yes', ['1:1 directive']],
    ['a: .nan\nb: -.inf', ['1:4 bad_value', '2:4 bad_value']],
    ['? [a, b]\n: 1', ['1:3 bad_key']],
    ['a: "x\\0"', ['1:4 bad_value']],
    ['a: [1, 2', ['1:9 syntax']],
    ['a: b: c', ['1:4 syntax']],
    ['a:\n\t- 1', ['2:1 syntax']],
    [`a:\n\tb: 1\n${Array.from({ length: 40 }, (_, n) => `  c${n}: 1`).join('\n')}`, ['2:1 syntax']],
    ['a: 1\nrules\n  - { id: x, kind: y }\n', ['2:1 syntax']],
    [`a: 1\nrules\n${'  - { id: x, kind: y }\n'.repeat(40)}`, ['2:1 syntax']],
    [`a: 1\nrules\n${'  - id: x\n    kind: y\n'.repeat(40)}`, ['2:1 syntax']],
    ['a:\n  alarm # of it\n    code: 1\nb: 1', ['2:3 syntax']],
    ['a: |\n  word\n    further in\nb: c: d', ['4:4 syntax']],
    ['# A linesapiVersion: ingest/v1machine: { id: x }', ['1:1 no_line_ends']],
    ['apiVersion: ingest/v1machine: { id: x }signals:', ['1:1 no_line_ends']],
  ])('%j is refused where it is wrong', (text, expected) => {
    expect(told(text)).toEqual(expected);
  });

  it('names what has lost its colon, and nothing that follows from it', () => {
    expect(read(`a: 1\nrules\n${'  - { id: x, kind: y }\n'.repeat(40)}`).problems).toMatchObject([
      { line: 2, column: 1, detail: "'rules' lacks its colon; write rules:" },
    ]);
    const words = read(`{ ${'a word\n'.repeat(2_000)}`).problems;
    expect(words.length).toBeGreaterThan(0);
    expect(words.map(({ detail }) => detail)).not.toContainEqual(expect.stringContaining('colon'));
  });

  it.each([
    ['words', `${'- a\n'.repeat(50_000)}b: c: d`],
    ['words in a text', `a: |\n${' b\n  c\n'.repeat(40_000)}b: c: d`],
    ['brackets', '['.repeat(200_000)],
    ['maps', '{a: '.repeat(60_000)],
    ['block lists', '- '.repeat(100_000)],
    ['indented maps', Array.from({ length: 600 }, (_, n) => `${' '.repeat(n)}a:`).join('\n')],
    ['laughs', `a: &a [x]\n${Array.from({ length: 2000 }, (_, n) => `b${n}: &b${n} [*a, *a]`).join('\n')}`],
    ['keys', Array.from({ length: 20_000 }, (_, n) => `k${n}: ${n}`).join('\n')],
    ['the same key', 'k: 1\n'.repeat(50_000)],
    ['quotes', '"'.repeat(250_000)],
    ['question marks', '? '.repeat(100_000)],
    ['too long', 'a'.repeat(300_000)],
    ['colons', 'a: '.repeat(80_000)],
    ['comments', '#\n'.repeat(100_000)],
    ['pipes', 'a: |\n'.repeat(50_000)],
    ['tags', '!a '.repeat(80_000)],
    ['closing', ']'.repeat(200_000)],
  ])('ends fast with hostile %s', (_name, text) => {
    // Work that grows with the square of the text, or faster, takes minutes.
    expect(cpuMsOf(() => read(text))).toBeLessThan(10_000);
  });
});
