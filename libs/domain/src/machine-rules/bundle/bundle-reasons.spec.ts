import { lineInProduction, pieces } from './line-in-production.fixture';
import { playBundle } from './play-bundle.fixture';
import type { RollformLine } from './rollform-line.fixture';
import { lineMapping, lineRule } from './rollform-mapping.fixture';

const rule = lineRule();
const MINUTE = 60_000;
const play = (line: RollformLine, over = {}) => {
  const played = lineRule(over);
  return playBundle(lineMapping(played), line.signals, { restart: true }).told;
};
const scrapOf = (line: RollformLine, over = {}) =>
  play(line, over).map(({ type, data }) => [type, data['ScrapInByReason']]);
const delayOf = (line: RollformLine, over = {}) =>
  play(line, over).map(({ type, data }) => [type, data['DelayMinByReason']]);
const done = (line: RollformLine) => line.complete().tick();

describe("scrap's codes", () => {
  it('each takes all that has none within its window; what is left is the default', () => {
    const line = pieces(lineInProduction(), 1).scrapped(10, null).wait(MINUTE).scrapped(5, 1).scrapped(7, 3);
    line
      .scrapped(2, null)
      .wait(11 * MINUTE)
      .scrapped(4, 1)
      .scrapped(1, null);
    const [told] = play(done(line));
    expect(told!.data).toMatchObject({
      ScrapIn: 29,
      ScrapInByReason: { '0': 3, '1': 19, '3': 7 },
      integrity: { violations: [] },
    });
  });

  it('come as numbers or as text, and the word for no reason explains nothing', () => {
    const line = lineInProduction()
      .scrapped(10, null)
      .say('scrapReason', 0)
      .say('scrapReason', '')
      .say('scrapReason', ' 7 ');
    expect(scrapOf(done(line))).toEqual([['bundle.completed', { '7': 10 }]]);
  });

  it('that come when the bundle is told, correct it, once for each change', () => {
    const line = done(lineInProduction().scrapped(10, null).scrapped(2, 5).scrapped(4, null)).wait(MINUTE);
    line.say('scrapReason', 6).wait(MINUTE).say('scrapReason', 5).wait(1_000).say('scrapReason', 6);
    const told = play(line);
    expect(told.map(({ type, data }) => [type, data['ScrapInByReason']])).toEqual([
      ['bundle.completed', { '0': 4, '5': 12 }],
      ['bundle.corrected', { '5': 12, '6': 4 }],
    ]);
    expect(told[1]).toMatchObject({ data: { BundleCode: '12345-01', ScrapIn: 16, integrity: { revision: 2 } } });
    expect(told[1]!.ms).toBeGreaterThan(told[0]!.ms);
    expect(told[1]!.id).not.toBe(told[0]!.id);
  });

  it('reach back over the end of a bundle into the one before and the one that is open', () => {
    const line = done(lineInProduction().scrapped(10, null))
      .loadBundle(12345, 2)
      .scrapped(6, null)
      .wait(MINUTE)
      .say('scrapReason', 9);
    expect(scrapOf(done(line))).toEqual([
      ['bundle.completed', { '0': 10 }],
      ['bundle.corrected', { '9': 10 }],
      ['bundle.completed', { '9': 6 }],
    ]);
  });

  it('that come too late change nothing', () => {
    const line = done(lineInProduction().scrapped(10, null))
      .wait(11 * MINUTE)
      .say('scrapReason', 9);
    expect(scrapOf(line)).toEqual([['bundle.completed', { '0': 10 }]]);
  });

  it('given before the scrap explain what follows, where the mapping says so', () => {
    const next = { reasons: { ...rule.reasons, scrap: { ...rule.reasons.scrap!, attribute: 'next' as const } } };
    const line = lineInProduction().scrapped(1, null).say('scrapReason', 4).scrapped(10, null).scrapped(5, null);
    expect(scrapOf(done(line.wait(11 * MINUTE).scrapped(2, null)), next)).toEqual([
      ['bundle.completed', { '0': 3, '4': 15 }],
    ]);
  });

  it('explain the last scrap alone, where the mapping says so', () => {
    const last = {
      reasons: { ...rule.reasons, scrap: { ...rule.reasons.scrap!, attribute: 'last-closed-or-open' as const } },
    };
    const line = lineInProduction().scrapped(1, null).wait(1_000).scrapped(10, 4);
    expect(scrapOf(done(line), last)).toEqual([['bundle.completed', { '0': 1, '4': 10 }]]);
  });

  it('may be a name that objects have of themselves', () => {
    const [told] = play(done(lineInProduction().scrapped(10, null).say('scrapReason', '__proto__')));
    expect(JSON.stringify(told!.data['ScrapInByReason'])).toBe('{"__proto__":10}');
  });

  it('are more than can be: the scrap of all is still there', () => {
    const line = lineInProduction();
    for (let n = 1; n <= 300; n++) line.scrapped(1, n % 2 === 0 ? n : null, 10);
    const [told] = play(done(line));
    const byReason = Object.values(told!.data['ScrapInByReason'] as { [reason: string]: number });
    expect(byReason.reduce((a, b) => a + b)).toBe(300);
    expect(told!.data).toMatchObject({ ScrapIn: 300, integrity: { violations: [] } });
  });
});

describe("standing's codes", () => {
  const stood = (line: RollformLine, minutes: number) =>
    line
      .halt()
      .wait(minutes * MINUTE)
      .run();

  it('are those given during it, or within the window after it; else the default', () => {
    const line = stood(lineInProduction().wait(MINUTE).halt().wait(MINUTE).say('delayReason', 2), 3).wait(MINUTE);
    stood(line, 4)
      .wait(2 * MINUTE)
      .say('delayReason', 5)
      .wait(MINUTE);
    stood(line, 1)
      .wait(16 * MINUTE)
      .say('delayReason', 6);
    const [told] = play(done(pieces(line, 1)));
    expect(told!.data).toMatchObject({
      DelayMinutes: 9,
      DelayMinByReason: { '0': 1, '2': 4, '5': 4 },
      integrity: { violations: [] },
    });
  });

  it('change in its middle: what follows has the new one', () => {
    const line = lineInProduction()
      .wait(MINUTE)
      .halt()
      .wait(2 * MINUTE)
      .say('delayReason', 2)
      .wait(MINUTE);
    line
      .say('delayReason', 2)
      .say('delayReason', 7)
      .wait(5 * MINUTE)
      .run();
    expect(delayOf(done(pieces(line, 1)))).toEqual([['bundle.completed', { '2': 3, '7': 5 }]]);
  });

  it('come when the bundle is told already, and correct it', () => {
    const line = done(stood(pieces(lineInProduction(), 1), 6))
      .loadBundle(12345, 2)
      .wait(MINUTE)
      .say('delayReason', 3);
    expect(delayOf(line)).toEqual([
      ['bundle.completed', { '0': 6 }],
      ['bundle.corrected', { '3': 6 }],
    ]);
  });

  it('of a standing between two bundles are not those of one before', () => {
    const line = done(stood(pieces(lineInProduction(), 1), 6))
      .wait(MINUTE)
      .halt()
      .wait(MINUTE)
      .say('delayReason', 3);
    expect(delayOf(line)).toEqual([['bundle.completed', { '0': 6 }]]);
  });

  it('explain a standing that goes on over the end of a bundle in both', () => {
    const line = pieces(lineInProduction(), 1)
      .halt()
      .wait(4 * MINUTE);
    done(line).loadBundle(12345, 2).wait(MINUTE).say('delayReason', 8).wait(MINUTE).run();
    done(pieces(line, 1));
    expect(delayOf(line)).toEqual([
      ['bundle.completed', { '0': 4 }],
      ['bundle.corrected', { '8': 4 }],
      ['bundle.completed', {}],
    ]);
  });

  it('explain all that have none, or what follows, where the mapping says so', () => {
    const by = (attribute: 'last-unassigned' | 'next') => ({
      reasons: { ...rule.reasons, delay: { ...rule.reasons.delay!, attribute } },
    });
    const all = stood(stood(lineInProduction().wait(MINUTE), 1).wait(MINUTE), 2).say('delayReason', 4);
    expect(delayOf(done(pieces(all, 1)), by('last-unassigned'))).toEqual([['bundle.completed', { '4': 3 }]]);
    const next = stood(stood(lineInProduction().wait(MINUTE).say('delayReason', 4), 1).wait(MINUTE), 2);
    expect(delayOf(done(pieces(next, 1)), by('next'))).toEqual([['bundle.completed', { '0': 2, '4': 1 }]]);
  });

  it('stay bounded over a thousand stops, and so does the time', () => {
    const line = pieces(lineInProduction(), 1);
    for (let n = 0; n < 1_000; n++) line.halt().wait(3_000).run().wait(2_000);
    const { told, state } = playBundle(lineMapping(rule), done(line).signals);
    expect(told[0]!.data).toMatchObject({
      DelayMinutes: 50,
      DelayMinByReason: { '0': 50 },
      integrity: { violations: [] },
    });
    expect(JSON.stringify(state.rules['bundle']).length).toBeLessThan(20_000);
  });
});
