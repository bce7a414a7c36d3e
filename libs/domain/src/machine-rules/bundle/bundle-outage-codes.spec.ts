import type { BundleReason } from '../mapping';
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
const by = (which: 'scrap' | 'delay', attribute: BundleReason['attribute']) => ({
  reasons: { ...rule.reasons, [which]: { ...rule.reasons[which]!, attribute } },
});

describe("scrap's code that was given while nobody looked", () => {
  it('takes what waited and what was counted meanwhile', () => {
    const line = lineInProduction().scrapped(10, null).wait(MINUTE).disconnect().wait(MINUTE).scrapped(5, 4);
    expect(scrapOf(done(pieces(line.wait(MINUTE).connect(), 1)))).toEqual([['bundle.completed', { '4': 15 }]]);
  });

  it('may have been given as soon as nobody looked, however long that was', () => {
    const line = lineInProduction().scrapped(10, null).wait(MINUTE).disconnect().say('scrapReason', 4);
    expect(scrapOf(done(pieces(line.wait(30 * MINUTE).connect(), 1)))).toEqual([['bundle.completed', { '4': 10 }]]);
    const late = lineInProduction()
      .scrapped(10, null)
      .wait(11 * MINUTE)
      .disconnect()
      .say('scrapReason', 4);
    expect(scrapOf(done(pieces(late.wait(MINUTE).connect(), 1)))).toEqual([['bundle.completed', { '0': 10 }]]);
  });

  it('is not known where the register shows the code from before; one that comes later takes it', () => {
    const unknown = () =>
      lineInProduction().scrapped(10, 4).wait(MINUTE).disconnect().scrapped(5, 4).wait(MINUTE).connect().wait(MINUTE);
    expect(scrapOf(done(pieces(unknown(), 1)))).toEqual([['bundle.completed', { '0': 5, '4': 10 }]]);
    expect(scrapOf(done(unknown().say('scrapReason', 6)))).toEqual([['bundle.completed', { '4': 10, '6': 5 }]]);
  });

  it.each([0, ''])('is not what the cleared register shows (%j)', (cleared) => {
    const line = lineInProduction().scrapped(10, 4).disconnect().scrapped(5, 4).set('scrapReason', cleared);
    expect(scrapOf(done(pieces(line.wait(MINUTE).connect(), 1)))).toEqual([['bundle.completed', { '0': 5, '4': 10 }]]);
  });

  it('is known again where the register was cleared before', () => {
    const line = lineInProduction().scrapped(10, 4).say('scrapReason', '').disconnect().scrapped(5, 4);
    expect(scrapOf(done(pieces(line.wait(MINUTE).connect(), 1)))).toEqual([['bundle.completed', { '4': 15 }]]);
  });

  it('is not what the register shows when it is looked at for the first time', () => {
    const line = lineInProduction().scrapped(10, null);
    line.signals.length = 0;
    line.set('scrapReason', 4).disconnect().connect().wait(MINUTE).scrapped(7, null).wait(MINUTE).connect();
    expect(scrapOf(done(pieces(line, 1)))).toEqual([['bundle.completed', { '0': 7 }]]);
  });

  it('is taken once: the register is as before after the next outage', () => {
    const line = lineInProduction().disconnect().scrapped(5, 4).connect().wait(MINUTE).scrapped(7, null);
    expect(scrapOf(done(pieces(line.wait(MINUTE).disconnect().wait(MINUTE).connect(), 1)))).toEqual([
      ['bundle.completed', { '0': 7, '4': 5 }],
    ]);
  });

  it('corrects the bundle that was told before the outage, as soon as the snapshot is all there', () => {
    const line = done(lineInProduction().scrapped(10, null)).disconnect().wait(MINUTE).say('scrapReason', 4).connect();
    expect(scrapOf(line.wait(5_000).tick())).toEqual([
      ['bundle.completed', { '0': 10 }],
      ['bundle.corrected', { '4': 10 }],
    ]);
  });

  it('is told with the bundle that ended meanwhile', () => {
    const line = lineInProduction().scrapped(10, null).disconnect().scrapped(5, 4).set('bundleComplete', true);
    expect(scrapOf(line.connect().wait(5_000).tick(), { close: { ...rule.close, settleMs: 0 } })).toEqual([
      ['bundle.completed', { '4': 15 }],
    ]);
  });

  it('explains nothing where scrap of another bundle may be meant, and what waited where none was counted', () => {
    const moved = (scrap: number) => {
      const line = lineInProduction().scrapped(10, null).disconnect().wait(MINUTE).loadBundle(12345, 2);
      if (scrap > 0) line.scrapped(scrap, null);
      return done(pieces(line.wait(MINUTE).say('scrapReason', 4).connect(), 1));
    };
    expect(scrapOf(moved(3))).toEqual([
      ['bundle.completed', { '0': 10 }],
      ['bundle.completed', {}],
    ]);
    expect(scrapOf(moved(0))).toEqual([
      ['bundle.completed', { '4': 10 }],
      ['bundle.completed', {}],
    ]);
  });

  it('takes the last scrap alone, which is what was counted meanwhile, where the mapping says so', () => {
    const line = lineInProduction().scrapped(10, null).disconnect().wait(MINUTE).scrapped(5, 4).wait(MINUTE).connect();
    expect(scrapOf(done(pieces(line, 1)), by('scrap', 'last-closed-or-open'))).toEqual([
      ['bundle.completed', { '0': 10, '4': 5 }],
    ]);
  });

  it('given ahead explains what was counted meanwhile, unless another was in force, and what follows', () => {
    const next = by('scrap', 'next');
    const line = lineInProduction().disconnect().say('scrapReason', 4).scrapped(5, null).wait(MINUTE).connect();
    expect(scrapOf(done(pieces(line, 1).scrapped(2, null)), next)).toEqual([['bundle.completed', { '4': 7 }]]);
    const either = lineInProduction().say('scrapReason', 3).disconnect().say('scrapReason', 4).scrapped(5, null);
    expect(scrapOf(done(pieces(either.connect(), 1).scrapped(2, null)), next)).toEqual([
      ['bundle.completed', { '0': 5, '4': 2 }],
    ]);
  });
});

describe("standing's code that was given while nobody looked", () => {
  it('explains the standing that goes on, from its beginning', () => {
    const line = lineInProduction().wait(MINUTE).halt().wait(MINUTE).disconnect().wait(MINUTE).say('delayReason', 2);
    expect(delayOf(done(pieces(line.wait(MINUTE).connect().wait(MINUTE).run(), 1)))).toEqual([
      ['bundle.completed', { '2': 4 }],
    ]);
  });

  it('explains the one that began or ended meanwhile', () => {
    const began = lineInProduction().wait(MINUTE).disconnect().halt().wait(MINUTE).say('delayReason', 2).connect();
    expect(delayOf(done(pieces(began.wait(3 * MINUTE).run(), 1)))).toEqual([['bundle.completed', { '2': 3 }]]);
    const ended = lineInProduction().wait(MINUTE).halt().wait(MINUTE).disconnect().wait(MINUTE).say('delayReason', 2);
    expect(delayOf(done(pieces(ended.run().connect(), 1)))).toEqual([['bundle.completed', { '2': 2 }]]);
  });

  it('explains the one before the outage, within its window', () => {
    const line = (minutes: number) =>
      lineInProduction()
        .wait(MINUTE)
        .halt()
        .wait(3 * MINUTE)
        .run()
        .wait(minutes * MINUTE)
        .disconnect();
    const back = (before: RollformLine) =>
      done(
        pieces(
          before
            .say('delayReason', 5)
            .wait(20 * MINUTE)
            .connect(),
          1,
        ),
      );
    expect(delayOf(back(line(14)))).toEqual([['bundle.completed', { '5': 3 }]]);
    expect(delayOf(back(line(16)))).toEqual([['bundle.completed', { '0': 3 }]]);
  });

  it('takes none that has a code: it may be that of a standing that nobody saw', () => {
    const line = lineInProduction().wait(MINUTE).halt().wait(MINUTE).say('delayReason', 2).wait(MINUTE).run();
    expect(delayOf(done(pieces(line.wait(MINUTE).disconnect().say('delayReason', 5).connect(), 1)))).toEqual([
      ['bundle.completed', { '2': 2 }],
    ]);
  });

  it('explains what goes on after the outage, where the standing had another one before', () => {
    const line = lineInProduction().wait(MINUTE).halt().say('delayReason', 2).wait(MINUTE).disconnect().wait(MINUTE);
    line
      .say('delayReason', 5)
      .connect()
      .wait(3 * MINUTE)
      .run();
    expect(delayOf(done(pieces(line, 1)))).toEqual([['bundle.completed', { '2': 2, '5': 3 }]]);
  });

  it('explains all that have none, or what follows, where the mapping says so', () => {
    const stood = () => lineInProduction().wait(MINUTE).halt().wait(MINUTE).run().wait(MINUTE).halt().wait(MINUTE);
    const given = () => stood().disconnect().say('delayReason', 4).wait(MINUTE).connect().wait(MINUTE).run();
    expect(delayOf(done(pieces(given(), 1)), by('delay', 'last-unassigned'))).toEqual([
      ['bundle.completed', { '4': 4 }],
    ]);
    expect(delayOf(done(pieces(given(), 1)), by('delay', 'next'))).toEqual([['bundle.completed', { '0': 1, '4': 3 }]]);
  });
});
