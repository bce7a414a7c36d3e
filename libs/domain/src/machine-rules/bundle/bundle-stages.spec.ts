import { rational } from '../../unit/rational';
import { aliasValue, constant, expression } from '../mapping.fixture';
import { lineInProduction, pieces } from './line-in-production.fixture';
import { playBundle } from './play-bundle.fixture';
import type { RollformLine } from './rollform-line.fixture';
import { lineMapping, lineRule } from './rollform-mapping.fixture';

const rule = lineRule();
const play = (line: RollformLine, over = {}, restart = true) => {
  const played = lineRule(over);
  return playBundle(lineMapping(played), line.signals, { restart }).told;
};
const results = (line: RollformLine, over = {}) => play(line, over).map(({ type, data }) => ({ type, ...data }));

describe('a bundle', () => {
  it('is told when its settle window is over, with the piece that came after its end', () => {
    const line = pieces(lineInProduction(), 4).wait(10_000);
    line.say('bundleComplete', true).wait(500).piece().wait(1_000);
    expect(results(line)).toEqual([]);
    line.wait(1_000).tick();
    expect(results(line)).toMatchObject([
      {
        type: 'bundle.completed',
        BundleCode: '12345-01',
        Complete: true,
        GoodIn: 1200,
        TotalQty: 5,
        RunMinutes: 0.833,
      },
    ]);
  });

  it('ends at once and is not complete when the next one is loaded without its end', () => {
    const line = pieces(lineInProduction(), 2).loadBundle(12345, 2);
    pieces(line, 3).complete().tick();
    expect(results(line)).toMatchObject([
      { BundleCode: '12345-01', Complete: false, GoodIn: 480, BundleNumber: 1, OrderCode: 'WO-1001' },
      { BundleCode: '12345-02', Complete: true, GoodIn: 720, BundleNumber: 2, TotalQty: 3 },
    ]);
  });

  it('that settles is told when the next one is loaded within its window', () => {
    const line = pieces(lineInProduction(), 2).say('bundleComplete', true).wait(200).loadBundle(12345, 2);
    expect(results(line)).toMatchObject([{ BundleCode: '12345-01', Complete: true, GoodIn: 480 }]);
    line.wait(100).piece().wait(100).say('bundleComplete', false);
    pieces(line, 1).complete().tick();
    expect(results(line)[1]).toMatchObject({ BundleCode: '12345-02', GoodIn: 480 });
  });

  it('that cannot be told when its window is over leaves the one that is open as it is', () => {
    const opensByOrder = {
      close: { ...rule.close, alsoOn: [] },
      key: aliasValue('orderCode'),
      open: [{ kind: 'changed', alias: 'orderCode' }],
    } as const;
    const line = pieces(lineInProduction(), 2).say('bundleComplete', true).wait(200).say('orderCode', 'WO-2');
    pieces(line, 3).say('bundleComplete', false).say('bundleComplete', true).wait(3_000).tick();
    const [lost, second] = results(line, opensByOrder);
    expect([lost, second]).toMatchObject([{ GoodIn: 480 }, { GoodIn: 720, TotalQty: 3 }]);
    let asked = 0;
    const emit = () => {
      if (++asked === 1) throw new TypeError('a defect');
      return 'bundle.completed';
    };
    const failing = Object.defineProperty({ ...lineRule(opensByOrder) }, 'emit', { get: emit });
    const { told, state } = playBundle(lineMapping(failing), line.signals);
    expect(told.map(({ type, data }) => ({ type, ...data }))).toEqual([second]);
    expect(state.counts.rulesFailed).toBe(1);
  });

  it('goes on settling while one that another signal opens has what comes now', () => {
    const over = {
      close: { ...rule.close, alsoOn: [] },
      key: aliasValue('orderCode'),
      open: [{ kind: 'changed', alias: 'orderCode' }],
    };
    const line = pieces(lineInProduction(), 2).say('bundleComplete', true).wait(200).say('orderCode', 'WO-2');
    line.wait(100).piece().say('bundleWeight', 77);
    expect(results(line, over)).toEqual([]);
    line.wait(3_000).say('bundleComplete', false).say('bundleComplete', true).wait(3_000).tick();
    const [first, second] = results(line, over);
    expect(first).toMatchObject({ BundleCode: 'WO-1001', GoodIn: 480 });
    expect(first).not.toHaveProperty('TotalLbs');
    expect(second).toMatchObject({ BundleCode: 'WO-2', GoodIn: 240, TotalLbs: 77 });
  });

  it('begins with the first piece where no number is loaded, and counts that piece', () => {
    const line = lineInProduction();
    pieces(line, 2).complete().wait(60_000).say('ordId', 777).wait(20_000);
    pieces(line, 2).complete().tick();
    expect(results(line)).toMatchObject([
      { BundleCode: '12345-01', GoodIn: 480 },
      { BundleCode: '777-01', GoodIn: 480, TotalQty: 2, ShortestLengthIn: 240 },
    ]);
  });

  it('ends where the order was left, when a piece is made under another order with the same number', () => {
    const line = pieces(lineInProduction(), 2).wait(30_000).say('ordId', 777).wait(20_000);
    pieces(line, 2).complete().tick();
    expect(results(line)).toMatchObject([
      { BundleCode: '12345-01', OrdId: 12345, Complete: false, GoodIn: 480, RunMinutes: 0.833 },
      { BundleCode: '777-01', OrdId: 777, Complete: true, GoodIn: 480, RunMinutes: 0.667 },
    ]);
  });

  it('is what the machine says last of it before anything is made, in whatever order that comes', () => {
    const line = pieces(lineInProduction(), 1).complete();
    line.say('bundleNumber', 2).wait(10).say('ordId', 888).wait(10).say('bundleNumber', 1).wait(10).say('ordId', 999);
    pieces(line, 1).complete().tick();
    expect(results(line)).toMatchObject([{ BundleCode: '12345-01' }, { BundleCode: '999-01', OrdId: 999 }]);
  });

  it('of which nothing was made is not told, unless the machine says that it is complete', () => {
    const line = lineInProduction().wait(1_000).loadBundle(12345, 2).wait(1_000).loadBundle(12345, 3).complete().tick();
    expect(results(line)).toMatchObject([
      { BundleCode: '12345-03', Complete: true, GoodIn: 0, TotalQty: 0, Items: [] },
    ]);
  });

  it('that is taken up again is one bundle, told as a correction', () => {
    const line = pieces(lineInProduction(), 2).complete().wait(60_000).loadBundle(12345, 2);
    pieces(line, 1).complete().wait(60_000);
    line.say('bundleNumber', 1);
    pieces(line, 3).say('bundleComplete', true).wait(3_000).tick();
    const told = play(line);
    expect(told.map(({ type, data }) => [type, data['BundleCode'], data['GoodIn'], data['TotalQty']])).toEqual([
      ['bundle.completed', '12345-01', 480, 2],
      ['bundle.completed', '12345-02', 240, 1],
      ['bundle.corrected', '12345-01', 1200, 5],
    ]);
    expect(told[2]!.data).toMatchObject({
      RunMinutes: 0.833,
      StartTime: told[0]!.data['StartTime'],
      Items: [{ ItmId: 1, QuantityDone: 5 }],
      CoilsUsed: [{ CoilSerialNumber: 'COIL-1', GoodIn: 1200 }],
      integrity: { revision: 2, violations: [], pausedMinutes: 2.25 },
    });
  });

  it('is the same bundle after its number is loaded again and nothing is made', () => {
    const line = pieces(lineInProduction(), 2)
      .complete()
      .loadBundle(12345, 2)
      .say('bundleNumber', 1)
      .loadBundle(12345, 3)
      .tick();
    expect(results(line)).toMatchObject([{ BundleCode: '12345-01', GoodIn: 480 }]);
  });

  it('goes on where the mapping is changed in its middle, and is told once', () => {
    const line = pieces(lineInProduction(), 2);
    const at = line.signals.length;
    pieces(line, 2).complete().tick();
    const second = lineRule({ fields: { ...rule.fields, User1: constant('v2') } });
    const { told } = playBundle(lineMapping(rule), line.signals, { mappings: [[at, lineMapping(second)]] });
    expect(told).toMatchObject([{ data: { GoodIn: 960, TotalQty: 4, User1: 'v2', integrity: { violations: [] } } }]);
  });

  it('goes on where the new mapping has another unit inside', () => {
    const line = pieces(lineInProduction(), 2);
    const at = line.signals.length;
    pieces(line, 2).complete().tick();
    const second = lineRule({ lengths: { ...rule.lengths, canonical: 'mm', maxStep: 300 * 25.4 } });
    const { told } = playBundle(lineMapping(rule), line.signals, { mappings: [[at, lineMapping(second)]] });
    expect(told).toMatchObject([{ data: { GoodIn: 960 } }]);
  });

  it('has an id of its key and content, wherever its signals lie', () => {
    const line = pieces(lineInProduction(), 2).complete().tick();
    const [told] = play(line);
    const shifted = playBundle(lineMapping(rule), [{ ...line.signals[0]!, session: 's0' }, ...line.signals]).told;
    expect(shifted.map(({ id }) => id)).toEqual([told!.id]);
  });

  it('has a name of its own where its key has no value', () => {
    const line = pieces(lineInProduction(), 2).complete().tick();
    const none = expression([], () => null);
    expect(results(line, { key: none })).toMatchObject([
      { BundleCode: expect.stringMatching(/^bundle_[0-9a-f]{26}$/) },
    ]);
  });

  it('takes what a polled register goes on saying for no further piece, code or weight', () => {
    const line = pieces(lineInProduction(), 1).scrapped(6, 4).say('bundleWeight', 9);
    const poll = () => {
      for (const path of ['Piece/Length', 'Scrap/Reason', 'Bundle/Weight']) {
        const last = line.signals.findLast((one) => one.path === path)!;
        const at = new Date(line.now).toISOString();
        line.signals.push({ ...last, kind: 'sample', seq: null, sourceTs: at, receiveTs: at, at });
      }
    };
    line.wait(1_000).scrapped(5, null).wait(1_000);
    poll();
    line.complete().wait(60_000);
    poll();
    line.loadBundle(12345, 2).wait(1_000);
    poll();
    pieces(line, 1).complete().tick();
    const told = results(line);
    expect(told).toMatchObject([
      { BundleCode: '12345-01', ScrapInByReason: { '0': 5, '4': 6 }, TotalLbs: 9, GoodIn: 240 },
      { BundleCode: '12345-02', GoodIn: 240 },
    ]);
    expect(told[1]).not.toHaveProperty('TotalLbs');
  });

  it('tells nothing where the rule is for deciding alone', () => {
    expect(play(pieces(lineInProduction(), 2).complete().tick(), { emit: null })).toEqual([]);
  });
});

describe('coils and items of a bundle', () => {
  it('has each length on the coil that was on the line, however the coil is told', () => {
    const line = pieces(lineInProduction(), 2).scrapped(12, 1);
    line.say('coilMaterial', '24GA').say('coilHeat', 'H9').wait(10).say('coilSerial', 'COIL-2');
    pieces(line, 3).scrapped(6, 1);
    line.say('coilSerial', 'COIL-1').say('coilMaterial', '26GA').say('coilHeat', 'H-COIL-1');
    pieces(line, 1).complete().tick();
    expect(results(line)[0]).toMatchObject({
      CoilsUsed: [
        {
          CoilSerialNumber: 'COIL-1',
          CoilMaterialCode: '26GA',
          CoilHeatNumber: 'H-COIL-1',
          GoodIn: 720,
          ScrapIn: 12,
          ConsumedLengthIn: 732,
        },
        {
          CoilSerialNumber: 'COIL-2',
          CoilMaterialCode: '24GA',
          CoilHeatNumber: 'H9',
          GoodIn: 720,
          ScrapIn: 6,
          ConsumedLengthIn: 726,
        },
      ],
      integrity: { violations: [] },
    });
  });

  it('counts pieces for each item, also where the next begins with the same count', () => {
    const line = pieces(lineInProduction(), 1).chooseItem(2, 360, 1);
    pieces(line, 1).chooseItem(3, 120, 2);
    pieces(line, 2).complete().tick();
    expect(results(line)[0]).toMatchObject({
      TotalQty: 4,
      GoodIn: 840,
      ShortestLengthIn: 120,
      LongestLengthIn: 360,
      Items: [
        { ItmId: 1, QuantityDone: 1, LengthIn: 240 },
        { ItmId: 2, QuantityDone: 1, LengthIn: 360 },
        { ItmId: 3, QuantityDone: 2, LengthIn: 120, Quantity: 2 },
      ],
      integrity: { violations: [] },
    });
  });

  it('goes on with the count of an item that spans two bundles', () => {
    const line = pieces(lineInProduction(), 3).complete().loadBundle(12345, 2);
    pieces(line, 2).complete().tick();
    expect(play(line).map(({ data }) => data['TotalQty'])).toEqual([3, 2]);
  });

  it('counts an item that is taken up again, whether its count begins anew, goes on, or is told again first', () => {
    const line = pieces(lineInProduction(), 1).complete();
    line
      .loadBundle(12345, 2)
      .chooseItem(1, 240, 1)
      .say('pieceLength', 240)
      .say('itemDone', 1)
      .say('good', 52_480)
      .complete();
    line.loadBundle(12345, 3).chooseItem(1, 240, 2).say('itemDone', 1).say('pieceLength', 240).say('itemDone', 2);
    line.say('good', 52_720).complete().tick();
    expect(results(line)).toMatchObject([{ TotalQty: 1 }, { TotalQty: 1 }, { TotalQty: 1 }]);
  });

  it('takes the shortest and the longest of the items where no pieces are told', () => {
    const line = pieces(lineInProduction(), 1).chooseItem(2, 360, 1);
    pieces(line, 1).complete().tick();
    const over = { items: { ...rule.items!, piece: null } };
    expect(results(line, over)[0]).toMatchObject({ ShortestLengthIn: 240, LongestLengthIn: 360 });
  });

  it('is without items and coils where the mapping names none', () => {
    const told = results(pieces(lineInProduction(), 2).complete().tick(), { items: null, coils: null, weight: null });
    expect(told[0]).toMatchObject({ GoodIn: 480, Items: [], CoilsUsed: [], integrity: { violations: [] } });
    expect(told[0]).not.toHaveProperty('TotalQty');
  });
});

describe('counters that do not simply rise', () => {
  it('that begin anew in its middle are said beside it', () => {
    const line = pieces(lineInProduction(), 2)
      .wait(1_000)
      .say('good', 0)
      .wait(1_000)
      .say('good', 240)
      .complete()
      .tick();
    expect(results(line)[0]).toMatchObject({
      GoodIn: 720,
      integrity: {
        counters: [{ counter: 'good', what: 'reset', at: '2026-02-17T14:00:27.000Z', from: 52_480, to: 0 }],
      },
    });
  });

  it('that jump are believed when the next value is near, and not before', () => {
    const over = { lengths: { ...rule.lengths, maxStep: 500 } };
    const line = pieces(lineInProduction(), 2).say('good', 60_000).wait(1_000).say('good', 60_240).complete();
    line.loadBundle(12345, 2).say('good', 99_999).wait(1_000).say('good', 60_480).complete().tick();
    expect(results(line, over)).toMatchObject([
      {
        GoodIn: 60_240 - 52_000,
        integrity: {
          counters: [
            { what: 'jump', to: 60_000 },
            { what: 'jump_confirmed', to: 60_240 },
          ],
        },
      },
      { GoodIn: 240, integrity: { counters: [{ what: 'jump', from: 60_240, to: 99_999 }] } },
    ]);
  });

  it('that give back a little count from where they were', () => {
    const line = pieces(lineInProduction(), 2).say('good', 52_240).wait(1_000).say('good', 52_720).complete().tick();
    expect(results(line)[0]).toMatchObject({
      GoodIn: 720,
      integrity: { counters: [{ what: 'fell', from: 52_480, to: 52_240 }] },
    });
  });
});

describe('the weight of a bundle', () => {
  const formula = expression(
    [],
    (_read, { locals }) => (locals['goodFt'] as number) * (locals['Material'] as { LbsPerFt: number }).LbsPerFt,
  );
  const enrich = { Material: constant({ LbsPerFt: 2.5 }), Tooling: constant(null) };

  it('is what the scale says, also in the settle window', () => {
    const line = pieces(lineInProduction(), 1)
      .say('bundleComplete', true)
      .wait(100)
      .say('bundleWeight', 51.5)
      .wait(3_000)
      .tick();
    expect(results(line, { weight: { input: 'bundleWeight', else: formula }, enrich })[0]).toMatchObject({
      TotalLbs: 51.5,
    });
  });

  it('is what the formula makes of it where the scale says nothing; blocks of master data stand in the result', () => {
    const line = pieces(lineInProduction(), 1).complete().tick();
    const [told] = results(line, { weight: { input: 'bundleWeight', else: formula }, enrich });
    expect(told).toMatchObject({ TotalLbs: 50, Material: { LbsPerFt: 2.5 } });
    expect(told).not.toHaveProperty('Tooling');
  });

  it('is converted from the unit of the scale', () => {
    const line = pieces(lineInProduction(), 1).say('bundleWeight', 45.359237).complete().tick();
    const mapping = lineMapping(rule);
    const kilos = {
      ...mapping,
      signals: {
        ...mapping.signals,
        bundleWeight: { ...mapping.signals['bundleWeight']!, unit: 'kg', scale: rational(10n) },
      },
    };
    expect(playBundle(kilos, line.signals).told[0]!.data).toMatchObject({ TotalLbs: 1000 });
  });
});
