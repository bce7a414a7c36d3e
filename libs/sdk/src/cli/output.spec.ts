import fc from 'fast-check';
import { Output, red, visible, visibleJson, wantsColour } from './output';

/** Anything that a terminal would act upon. */
const ACTS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const text = fc.string({ unit: 'binary' });

const written = (coloured: boolean, use: (out: Output) => void): string => {
  let all = '';
  use(
    new Output(
      {
        write: (part) => {
          all += part;
        },
      },
      coloured,
    ),
  );
  return all;
};

describe('output', () => {
  it('never lets data move the cursor, colour or turn text, in any form', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(visible(one)).not.toMatch(ACTS);
        const line = written(false, (out) => out.line('a ', one, red(other)));
        expect(line.slice(0, -1)).not.toMatch(ACTS);
        const table = written(false, (out) => out.table(['A', 'B'], [[one, red(other)]]));
        expect(table.split('\n')).toHaveLength(3);
        expect(table.replaceAll('\n', '')).not.toMatch(ACTS);
        const json = written(false, (out) => out.json({ [one]: other }, 2));
        expect(json.replaceAll('\n', '')).not.toMatch(ACTS);
      }),
    );
  });

  it('writes JSON that means what it was given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(visibleJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(JSON.parse(visibleJson({ a: '\u001b[31m\u202e\u0085\n' }))).toEqual({ a: '\u001b[31m\u202e\u0085\n' });
  });

  it.each([
    ['\u001b[31mred', '\\u001b[31mred'],
    ['two\nlines', 'two\\u000alines'],
    ['\u202ederren', '\\u202ederren'],
    ['\u009b2J', '\\u009b2J'],
    ['a\ud800b', 'a\\ud800b'],
    ['grün 𝄞 日本', 'grün 𝄞 日本'],
  ])('shows %j as %s', (given, shown) => {
    expect(visible(given)).toBe(shown);
  });

  it('colours what is ours where it is wanted, and nothing else', () => {
    expect(written(true, (out) => out.line(red('no\u001b[0m')))).toBe('\u001b[31mno\\u001b[0m\u001b[0m\n');
    expect(written(false, (out) => out.line(red('no')))).toBe('no\n');
  });

  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('wants colour: terminal %s, %j: %s', (tty, env, wanted) => {
    expect(wantsColour(tty, env)).toBe(wanted);
  });

  it('keeps the columns of a table under each other, whatever is in them', () => {
    const table = written(true, (out) =>
      out.table(
        ['A', 'B'],
        [
          [red('x\u001b'), 'one'],
          [null, 'two'],
        ],
      ),
    );
    const plain = table.replace(/\u001b\[\d+m/g, '').split('\n');
    expect(plain).toEqual(['A        B', 'x\\u001b  one', '-        two', '']);
  });
});
