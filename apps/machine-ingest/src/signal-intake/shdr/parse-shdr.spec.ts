import fc from 'fast-check';
import { LineSplitter } from './line-splitter';
import { parseShdr } from './parse-shdr';
import { MAX_ASSET_LINES, readShdrLine, startShdrReading } from './shdr-reading';

const T = '2026-02-17T13:00:00.123Z';
const observations = (line: string) => {
  const parsed = parseShdr(line);
  return parsed.kind === 'observations' ? parsed.observations.map(({ name, value }) => [name, value]) : parsed;
};
const conditionOf = (level: string, nativeCode = '', text = '', nativeSeverity = '', qualifier = '') => ({
  level,
  nativeCode,
  nativeSeverity,
  qualifier,
  text,
});

describe('parseShdr', () => {
  it.each([
    ['one pair', `${T}|execution|ACTIVE`, [['execution', 'ACTIVE']]],
    [
      'several pairs',
      `${T}|a|1|b|2`,
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'empty values',
      `${T}|a||b|`,
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    [
      'unavailable',
      `${T}|a|UNAVAILABLE|b|unavailable`,
      [
        ['a', null],
        ['b', null],
      ],
    ],
    [
      'digits as they are',
      `${T}|code|00217|hex|0x1E87`,
      [
        ['code', '00217'],
        ['hex', '0x1E87'],
      ],
    ],
    [
      'a condition',
      `${T}|logic|Warning|8100004F|2|HIGH|79 PRELUBE`,
      [['logic', conditionOf('WARNING', '8100004F', '79 PRELUBE', '2', 'HIGH')]],
    ],
    ['a normal condition', `${T}|system|NORMAL||||`, [['system', conditionOf('NORMAL')]]],
    ['an unavailable condition', `${T}|hydraulic|Unavailable||||`, [['hydraulic', conditionOf('UNAVAILABLE')]]],
    [
      'three pairs, the first unavailable, are no condition',
      `${T}|p|UNAVAILABLE|q|861.4|r|5`,
      [
        ['p', null],
        ['q', '861.4'],
        ['r', '5'],
      ],
    ],
    ['an escaped bar', `${T}|msg|"a\\|b"`, [['msg', 'a|b']]],
    [
      'quotes around a value, what is escaped in them, and a quote that is none',
      `${T}|a| "x \\"y\\" C:\\\\" |b|"x|c|x"y"`,
      [
        ['a', 'x "y" C:\\'],
        ['b', '"x'],
        ['c', 'x"y"'],
      ],
    ],
    [
      'a backslash before a bar, outside of quotes',
      `${T}|path|C:\\|b|2`,
      [
        ['path', 'C:\\'],
        ['b', '2'],
      ],
    ],
    [
      'a set whose texts have quotes',
      `${T}|vars|a=1 b="x y" c={d="z"}|b|2`,
      [
        ['vars', 'a=1 b="x y" c={d="z"}'],
        ['b', '2'],
      ],
    ],
    ['white space around all', `  ${T} | a | 1 `, [['a', '1']]],
    [
      'a condition without a text',
      `${T}|logic|FAULT|404|100|LOW`,
      [['logic', conditionOf('FAULT', '404', '', '100', 'LOW')]],
    ],
    ['a condition that is a level and a code', `${T}|logic|WARNING|404`, [['logic', conditionOf('WARNING', '404')]]],
    ['a condition of which nothing else is said', `${T}|logic|NORMAL||`, [['logic', conditionOf('NORMAL')]]],
    ['an event that says NORMAL', `${T}|move|NORMAL`, [['move', 'NORMAL']]],
    ['an event that says NORMAL, and a bar', `${T}|move|NORMAL|`, [['move', 'NORMAL']]],
    [
      'conditions among pairs',
      `${T}|load|45|load_cond|NORMAL|||||hot|FAULT||||oil is hot|line|7|rpm_cond|NORMAL||`,
      [
        ['load', '45'],
        ['load_cond', conditionOf('NORMAL')],
        ['hot', conditionOf('FAULT', '', 'oil is hot')],
        ['line', '7'],
        ['rpm_cond', conditionOf('NORMAL')],
      ],
    ],
    [
      'two events, of which one says NORMAL',
      `${T}|move|NORMAL|line|7`,
      [
        ['move', 'NORMAL'],
        ['line', '7'],
      ],
    ],
    ['a stamp with a duration', `${T}@12.5|a|1`, [['a', '1']]],
    ['a stamp without a zone is UTC', '2026-02-17T13:00:00.123|a|1', [['a', '1']]],
    [
      'a time series',
      `${T}|load|3||1.5 2 -2.5e1`,
      [['load', { sampleCount: '3', sampleRate: '', values: ['1.5', '2', '-2.5e1'] }]],
    ],
    [
      'two pairs that only look like a time series',
      `${T}|load|4|rpm|1.5 2 3`,
      [
        ['load', '4'],
        ['rpm', '1.5 2 3'],
      ],
    ],
    ['a name that is a word of the language', `${T}|__proto__|1`, [['__proto__', '1']]],
  ])('%s', (_, line, expected) => {
    expect(observations(line)).toEqual(expected);
  });

  it.each([
    ['', { kind: 'blank' }],
    ['* PONG 10000', { kind: 'command', name: 'PONG', argument: '10000' }],
    ['* shdrVersion: 2.0', { kind: 'command', name: 'SHDRVERSION', argument: '2.0' }],
    [`${T}|@ASSET@|1|CuttingTool|--multiline--AB`, { kind: 'asset', until: '--multiline--AB' }],
    [`${T}|@REMOVE_ASSET@|1`, { kind: 'asset', until: null }],
    ['* deviceModel: --multiline--AB', { kind: 'asset', until: '--multiline--AB' }],
    ['|a|1', { kind: 'observations', timestamp: null }],
    ['hello', { kind: 'refused', code: 'malformed' }],
    ['GET / HTTP/1.1', { kind: 'refused', code: 'malformed' }],
    ['yesterday|a|1', { kind: 'refused', code: 'bad_timestamp' }],
    [`${T}||1`, { kind: 'refused', code: 'malformed' }],
    [`${T}|$tick|1`, { kind: 'refused', code: 'malformed' }],
    [`${T}|a|${'x'.repeat(1024 * 1024)}`, { kind: 'refused', code: 'line_too_long' }],
    [`${T}${'|a|1'.repeat(1025)}`, { kind: 'refused', code: 'malformed' }],
  ])('%.50s', (line, expected) => {
    expect(parseShdr(line)).toMatchObject(expected);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: fc.constantFrom('|', '@', '*', '\\', '"', 'A', 'Z', ' ') }).map((tail) => `${T}|${tail}`),
        ),
        (line) => {
          expect(parseShdr(line).kind).toMatch(/^(observations|command|asset|blank|refused)$/);
        },
      ),
    );
  });
});

describe('readShdrLine', () => {
  const session = { tenant: 't', machine: 'M', source: 'shdr:M', session: 's', proto: 'file' as const };
  it('numbers observations without gaps, and skips assets to their mark', () => {
    const lines = [
      `${T}|a|1|b|2`,
      `${T}|@ASSET@|1|X|--multiline--Q`,
      `${T}|not|read`,
      '--multiline--Q',
      'junk',
      `${T}|c|3`,
    ];
    let reading = startShdrReading;
    const all = lines.map((line) => {
      const read = readShdrLine(reading, session, line, null);
      reading = read.reading;
      return read;
    });
    expect(all.flatMap(({ signals }) => signals.map(({ path, seq, raw }) => [path, seq, raw.ref]))).toEqual([
      ['a', 0, 'line:1'],
      ['b', 1, 'line:1'],
      ['c', 2, 'line:6'],
    ]);
    expect(all.filter(({ refused }) => refused !== null)).toHaveLength(1);
  });

  it('takes what has no stamp for received now, in a recording at the time of the line before', () => {
    const live = readShdrLine(startShdrReading, session, '|a|1', Date.parse(T));
    expect(live.signals).toMatchObject([{ sourceTs: null, receiveTs: T, at: T }]);
    const first = readShdrLine(startShdrReading, session, '|a|1', null);
    expect([first.signals, first.refused?.code]).toEqual([[], 'bad_timestamp']);
    const { reading } = readShdrLine(startShdrReading, session, `${T}|a|1`, null);
    expect(readShdrLine(reading, session, '|a|2', null).signals).toMatchObject([{ sourceTs: null, receiveTs: T }]);
  });

  it('gives up an asset without an end, says so once, and reads on', () => {
    let reading = startShdrReading;
    const read = (line: string) => {
      const one = readShdrLine(reading, session, line, null);
      reading = one.reading;
      return one;
    };
    read(`${T}|@ASSET@|1|X|--multiline--Q`);
    for (let n = 0; n < MAX_ASSET_LINES; n++) expect(read(`${T}|a|1`).signals).toEqual([]);
    expect(read(`${T}|a|1`).refused).toMatchObject({ code: 'malformed' });
    expect(read(`${T}|a|1`).signals).toHaveLength(1);
  });
});

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const text = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 20 }).map((line) => line.replace(/[\r\n]/g, '')),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 200 })), fc.constantFrom('\n', '\r\n'), (lines, cuts, end) => {
        const bytes = Buffer.from(`${lines.join(end)}${end}`);
        const splitter = new LineSplitter();
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const split = at.slice(1).flatMap((to, n) => splitter.push(bytes.subarray(at[n], to)));
        expect(split).toEqual(lines.map((line) => ({ kind: 'line', text: line })));
      }),
    );
  });
  it('gives up a line that does not end, holds no more than its limit, and finds the next', () => {
    const splitter = new LineSplitter(10);
    const first = splitter.push(Buffer.from('abcdefghijklmno'));
    expect(first).toMatchObject([{ kind: 'refused', code: 'line_too_long' }]);
    expect(splitter.push(Buffer.alloc(1000, 0x61))).toEqual([]);
    expect(splitter.heldBytes).toBe(0);
    expect(splitter.push(Buffer.from('\nok\n'))).toEqual([{ kind: 'line', text: 'ok' }]);
  });
  it('refuses what is not UTF-8, and gives the last line at the end', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(Buffer.from([0xff, 0x0a]))).toMatchObject([{ kind: 'refused', code: 'not_utf8' }]);
    splitter.push(Buffer.from('last'));
    expect(splitter.end()).toEqual([{ kind: 'line', text: 'last' }]);
  });
});
