import { lineInProduction, pieces } from './line-in-production.fixture';
import { playBundle } from './play-bundle.fixture';
import type { RollformLine } from './rollform-line.fixture';
import { type LengthEncoding, lineMapping, lineRule } from './rollform-mapping.fixture';

const rule = lineRule();

const INCH: LengthEncoding = { unit: '[in_i]', perUnit: 1, modulus: null };
const ENCODINGS: ReadonlyArray<[string, LengthEncoding]> = [
  ['inches', INCH],
  ['feet', { unit: '[ft_i]', perUnit: 1, modulus: null }],
  ['millimetres', { unit: 'mm', perUnit: 1, modulus: null }],
  ['tenths of an inch in 16 bits', { unit: '[in_i]', perUnit: 10, modulus: 65_536 }],
  ['hundredths of a foot in 32 bits', { unit: '[ft_i]', perUnit: 100, modulus: 4_294_967_296 }],
  ['tenths of a millimetre in 24 bits', { unit: 'mm', perUnit: 10, modulus: 16_777_216 }],
];

/** Lengths that are whole in every encoding: multiples of 6 in are 0.5 ft and 152.4 mm. */
const produce = (encoding: LengthEncoding): RollformLine => {
  const line = pieces(lineInProduction({ encoding, countersAt: 6_300 }), 20).scrapped(42, 2);
  line.loadCoil('COIL-2').chooseItem(2, 366, 9);
  pieces(line, 9).scrapped(6, null).chooseItem(3, 126, 3);
  pieces(line.halt().wait(90_000).run(), 3).complete().loadBundle(12345, 2);
  return pieces(line, 5).complete().tick();
};
const told = (encoding: LengthEncoding) =>
  playBundle(lineMapping(rule, encoding), produce(encoding).signals, { restart: true }).told.map(({ data }) => data);

describe('lengths in whatever unit', () => {
  const inches = told(INCH);

  it('are the inches that were made', () => {
    expect(inches).toMatchObject([
      { GoodIn: 20 * 240 + 9 * 366 + 3 * 126, ScrapIn: 48, ShortestLengthIn: 126, LongestLengthIn: 366, TotalQty: 32 },
      { GoodIn: 5 * 126 },
    ]);
  });

  it.each(ENCODINGS)('sent as %s give the same BundleResults', (_, encoding) => {
    expect(told(encoding)).toEqual(inches);
  });

  it('wrap in the middle of a bundle where they are 16 bits', () => {
    const [, , , [, encoding]] = ENCODINGS as unknown as [unknown, unknown, unknown, [string, LengthEncoding]];
    const sent = produce(encoding)
      .signals.filter(({ path }) => path === 'Length/Good')
      .map(({ value }) => value as number);
    expect(sent.some((value, n) => n > 0 && value < sent[n - 1]!)).toBe(true);
  });

  it('wrap over an outage too', () => {
    const encoding: LengthEncoding = { unit: '[in_i]', perUnit: 10, modulus: 65_536 };
    const line = pieces(lineInProduction({ encoding, countersAt: 6_000 }), 1).disconnect();
    pieces(line, 4).connect();
    pieces(line, 1).complete().tick();
    const result = playBundle(lineMapping(rule, encoding), line.signals, { restart: true }).told[0]!.data;
    expect(result).toMatchObject({
      GoodIn: 1440,
      TotalQty: 6,
      integrity: { gaps: [{}], counters: [], violations: [] },
    });
  });
});
