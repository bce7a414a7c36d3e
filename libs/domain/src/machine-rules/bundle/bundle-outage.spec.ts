import { lineInProduction, pieces } from './line-in-production.fixture';
import { playBundle } from './play-bundle.fixture';
import type { RollformLine } from './rollform-line.fixture';
import { lineMapping, lineRule } from './rollform-mapping.fixture';

const rule = lineRule();
const play = (line: RollformLine, over = {}) => {
  const played = lineRule(over);
  return playBundle(lineMapping(played), line.signals, { restart: true });
};
const results = (line: RollformLine, over = {}) => play(line, over).told.map(({ type, data }) => ({ type, ...data }));

/** The gateway dies in the middle of a bundle; so many pieces are made meanwhile. */
const outage = (line: RollformLine, count: number): RollformLine => {
  pieces(line.wait(5_000).disconnect(), count);
  return line.wait(5_000).connect();
};

describe('a bundle that is out of sight for a while', () => {
  it('has what was made meanwhile, says from when to when nobody looked, and counts the time as before and after', () => {
    const line = outage(pieces(lineInProduction(), 3), 12);
    pieces(line, 2).complete().tick();
    const [truth] = line.bundles;
    const [told] = results(line);
    expect(told).toMatchObject({
      GoodIn: truth!.good,
      TotalQty: 17,
      Items: [{ ItmId: 1, QuantityDone: 17 }],
      CoilsUsed: [{ CoilSerialNumber: 'COIL-1', GoodIn: truth!.good }],
      RunMinutes: Math.round(truth!.runMs / 60) / 1000,
      Complete: true,
      integrity: {
        gaps: [{ from: '2026-02-17T14:00:41.050Z', to: '2026-02-17T14:02:46.000Z', source: 'line' }],
        closedUnseen: false,
        unknownMinutes: 0,
        violations: [],
      },
    });
  });

  it('has all pieces of an item that begins anew while nobody looks, whatever its count was', () => {
    const line = pieces(lineInProduction(), 2).complete().loadBundle(12345, 2).chooseItem(1, 240, 2).disconnect();
    line.wait(60_000).say('itemDone', 2).say('good', 52_960).connect();
    line.wait(1_000).complete().tick();
    expect(results(line)).toMatchObject([{ TotalQty: 2 }, { TotalQty: 2, GoodIn: 480, integrity: { violations: [] } }]);
  });

  it.each([
    ['was loaded just before', (line: RollformLine) => line.loadCoil('COIL-2')],
    [
      'is on the line again',
      (line: RollformLine) => {
        pieces(line.loadCoil('COIL-2'), 1).loadCoil('COIL-1');
      },
    ],
  ])('has what was made meanwhile of the coil that %s', (_, load) => {
    const line = pieces(lineInProduction(), 3);
    load(line);
    pieces(outage(line, 4), 1).complete().tick();
    const [told] = results(line);
    const [truth] = line.bundles;
    const coils = (told as unknown as { CoilsUsed: Array<{ CoilSerialNumber: string; GoodIn: number }> }).CoilsUsed;
    expect(coils.map((coil) => [coil.CoilSerialNumber, coil.GoodIn])).toEqual([...truth!.coils]);
    expect(told).toMatchObject({ integrity: { violations: [] } });
  });

  it('goes on when the snapshot is all there, before news comes, by time', () => {
    const line = outage(pieces(lineInProduction(), 1), 2).wait(3_000).tick();
    expect(play(line).state.rules['bundle']).toMatchObject({ outage: null, open: { lengths: { good: '720' } } });
  });

  it.each([
    ['bridge', { RunMinutes: 1, DelayMinutes: 0 }, 0],
    ['delay', { RunMinutes: 0.249, DelayMinutes: 0.751 }, 0],
    ['unknown', { RunMinutes: 0.249, DelayMinutes: 0 }, 0.751],
  ] as const)('that comes back standing has its time by %s', (gap, minutes, unknownMinutes) => {
    const line = pieces(lineInProduction(), 1).wait(5_000).disconnect().wait(40_000).halt().wait(5_000).connect();
    line.wait(1_000).complete().tick();
    const [told] = results(line, { time: { ...rule.time, gap } });
    const rounded = (n: unknown) => Math.round((n as number) * 60);
    expect(rounded(told!['RunMinutes' as never])).toBeCloseTo(rounded(minutes.RunMinutes), 0);
    expect(rounded(told!['DelayMinutes' as never])).toBe(rounded(minutes.DelayMinutes + 1 / 60));
    expect(rounded((told!['integrity' as never] as { unknownMinutes: number }).unknownMinutes)).toBe(
      rounded(unknownMinutes),
    );
    expect(told).toMatchObject({ integrity: { violations: [] } });
  });

  it("ended unseen and incomplete where another number is loaded after it; the difference is nobody's", () => {
    const line = pieces(lineInProduction(), 3).wait(5_000).disconnect();
    pieces(line, 4).loadBundle(12345, 2);
    pieces(line, 2).wait(5_000).connect();
    pieces(line.wait(1_000), 1).complete().tick();
    const played = play(line);
    expect(played.told.map(({ data }) => data)).toMatchObject([
      {
        BundleCode: '12345-01',
        Complete: false,
        GoodIn: 720,
        integrity: { closedUnseen: true, endedAt: '2026-02-17T14:00:41.050Z', gaps: [{ source: 'line' }] },
      },
      { BundleCode: '12345-02', Complete: true, GoodIn: 240, integrity: { closedUnseen: false } },
    ]);
    expect(played.state.rules['bundle']).toMatchObject({ unbundled: { good: String(6 * 240) } });
  });

  it('is told with nothing made where it was loaded only, another is there after it, and the counters moved', () => {
    const line = lineInProduction().wait(1_000).disconnect();
    const from = line.signals.at(-1)!.receiveTs;
    pieces(line, 3).complete().loadBundle(12345, 2);
    pieces(line, 2).wait(1_000).connect();
    const gaps = [{ from, to: new Date(line.now).toISOString(), source: 'line' }];
    pieces(line.wait(3_000).tick(), 1).complete().tick();
    const played = play(line);
    expect(played.told.map(({ data }) => data)).toMatchObject([
      {
        BundleCode: '12345-01',
        Complete: false,
        GoodIn: 0,
        TotalQty: 0,
        integrity: { closedUnseen: true, gaps, violations: [] },
      },
      // What was made of it before it was seen is not its, and it says that nobody looked.
      { BundleCode: '12345-02', Complete: true, GoodIn: 240, TotalQty: 1, integrity: { gaps, violations: [] } },
    ]);
    expect(played.state.rules['bundle']).toMatchObject({ unbundled: { good: String(5 * 240) } });
  });

  it('is not told where it was loaded only and nothing was made meanwhile', () => {
    const line = lineInProduction().wait(1_000).disconnect().wait(60_000).loadBundle(12345, 2).connect();
    pieces(line, 1).complete().tick();
    expect(results(line)).toMatchObject([{ BundleCode: '12345-02', GoodIn: 240, integrity: { gaps: [{}] } }]);
  });

  it('ended unseen where another order with the same number is loaded after it', () => {
    const line = pieces(lineInProduction(), 3).disconnect().wait(60_000).loadBundle(777, 1).connect();
    pieces(line, 1).complete().tick();
    expect(results(line)).toMatchObject([
      { BundleCode: '12345-01', OrdId: 12345, Complete: false, integrity: { closedUnseen: true } },
      { BundleCode: '777-01', OrdId: 777, GoodIn: 240, Complete: true },
    ]);
  });

  it('is complete, and ended unseen, where the snapshot says so', () => {
    const line = pieces(lineInProduction(), 3).disconnect();
    pieces(line, 2).set('bundleComplete', true).wait(5_000).connect().wait(5_000).tick().wait(3_000).tick();
    expect(results(line)).toMatchObject([
      { BundleCode: '12345-01', Complete: true, GoodIn: 1200, integrity: { closedUnseen: true, gaps: [{}] } },
    ]);
  });

  it('gives the coil what was made meanwhile, with however many blanks its serial number is sent', () => {
    const line = outage(pieces(lineInProduction().say('coilSerial', 'COIL-7   '), 2), 3);
    pieces(line, 1).complete().tick();
    const [told] = results(line);
    expect(told).toMatchObject({
      GoodIn: 6 * 240,
      CoilsUsed: [{ CoilSerialNumber: 'COIL-7', GoodIn: 6 * 240 }],
      integrity: { violations: [] },
    });
  });

  it('is what it is where a coil is named by what is no text', () => {
    const line = pieces(lineInProduction(), 2).disconnect();
    line.set('coilSerial', { toString: 0 });
    pieces(line.wait(1_000), 3).wait(1_000).connect();
    pieces(line, 1).complete().tick();
    const [told] = results(line);
    expect(told).toMatchObject({ GoodIn: 6 * 240, CoilsUsed: [{ CoilSerialNumber: 'COIL-1', GoodIn: 480 }] });
  });

  it('gives no coil what was made while the coil was changed, and says that their sum is short', () => {
    const line = pieces(lineInProduction(), 2).disconnect();
    pieces(line, 1).loadCoil('COIL-2');
    pieces(line, 1).connect();
    pieces(line, 1).complete().tick();
    expect(results(line)[0]).toMatchObject({
      GoodIn: 1200,
      CoilsUsed: [
        { CoilSerialNumber: 'COIL-1', GoodIn: 480 },
        { CoilSerialNumber: 'COIL-2', GoodIn: 240 },
      ],
      integrity: { violations: [{ check: 'coils', expected: 1200, actual: 720 }] },
    });
  });

  it('has the pieces of an item that was begun meanwhile, and says that the items are short of the other', () => {
    const line = pieces(lineInProduction(), 2).disconnect();
    pieces(line, 1).chooseItem(2, 100, 5);
    pieces(line, 3).connect();
    pieces(line, 1).complete().tick();
    expect(results(line)[0]).toMatchObject({
      GoodIn: 3 * 240 + 400,
      Items: [
        { ItmId: 1, QuantityDone: 2 },
        { ItmId: 2, QuantityDone: 4 },
      ],
      integrity: { violations: [{ check: 'items', expected: 1120, actual: 880 }] },
    });
  });

  it('has the pieces that the register still shows of the item before, while none of the next is made', () => {
    const line = pieces(lineInProduction(), 2).disconnect();
    pieces(line, 3).chooseItem(2, 100, 5).connect();
    pieces(line, 4).complete().tick();
    expect(results(line)[0]).toMatchObject({
      GoodIn: 5 * 240 + 400,
      Items: [
        { ItmId: 1, QuantityDone: 5 },
        { ItmId: 2, QuantityDone: 4 },
      ],
      integrity: { violations: [] },
    });
  });

  it('has all pieces of its first item where that was chosen meanwhile', () => {
    const line = lineInProduction();
    line.signals.splice(line.signals.findIndex(({ path }) => path === 'Item/ItmId'));
    pieces(line.disconnect().connect(), 3).complete().tick();
    expect(results(line)[0]).toMatchObject({ TotalQty: 3, integrity: { violations: [] } });
  });

  it('has the length of the last piece that was made meanwhile', () => {
    const line = pieces(lineInProduction(), 2).disconnect();
    pieces(line.chooseItem(2, 100, 5), 2).connect();
    pieces(line.chooseItem(3, 150, 5), 1)
      .complete()
      .tick();
    expect(results(line)[0]).toMatchObject({ ShortestLengthIn: 100, LongestLengthIn: 240, TotalQty: 5 });
    const nothing = pieces(lineInProduction(), 1).disconnect().set('pieceLength', 7).connect().wait(3_000).tick();
    expect(results(pieces(nothing, 1).complete().tick())[0]).toMatchObject({ ShortestLengthIn: 240 });
  });

  it('has the weight that the scale told meanwhile', () => {
    const line = pieces(lineInProduction(), 1).say('bundleWeight', 11).wait(10).disconnect();
    pieces(line, 1).set('bundleWeight', 22).connect();
    pieces(line, 1).complete().tick();
    expect(results(line)[0]).toMatchObject({ TotalLbs: 22 });
  });

  it('counts over several outages in a row, also one that begins while the snapshot comes', () => {
    const line = outage(outage(pieces(lineInProduction(), 1), 2), 3);
    line.disconnect();
    pieces(line, 1).connect();
    pieces(line, 1).complete().tick();
    expect(results(line)[0]).toMatchObject({
      GoodIn: 8 * 240,
      TotalQty: 8,
      integrity: { gaps: [{}, {}, {}], violations: [] },
    });
  });

  it('says so where nobody looks in the window after its end: it may lack its last piece', () => {
    const line = pieces(lineInProduction(), 2).say('bundleComplete', true).wait(100).disconnect().wait(200).piece();
    line.set('bundleComplete', false).wait(60_000).connect().wait(5_000).tick();
    expect(results(line)).toMatchObject([
      {
        GoodIn: 480,
        Complete: true,
        integrity: { gaps: [{ from: '2026-02-17T14:00:26.150Z', to: '2026-02-17T14:00:28.050Z' }] },
      },
    ]);
  });

  it('is not begun again by a snapshot that still shows it after its end', () => {
    const line = pieces(lineInProduction(), 2)
      .complete()
      .wait(5_000)
      .disconnect()
      .wait(5_000)
      .connect()
      .wait(5_000)
      .tick();
    const { told, state } = play(line);
    expect(told).toHaveLength(1);
    expect(state.rules['bundle']).toMatchObject({ open: null });
  });

  it('takes a snapshot that shows nothing new for no gap', () => {
    const line = pieces(lineInProduction(), 2).wait(1_000).connect();
    pieces(line, 1).complete().tick();
    expect(results(line)[0]).toMatchObject({ GoodIn: 720, TotalQty: 3, integrity: { gaps: [] } });
  });

  it('says that numbered signals never came, and has what the counters say', () => {
    const line = pieces(lineInProduction(), 2).wait(10_000);
    const from = line.now;
    const sent = line.signals.length;
    pieces(line, 1);
    const lost = line.signals.at(-1)!;
    line.signals.splice(sent, line.signals.length - sent, {
      ...lost,
      path: '$gap',
      kind: 'lifecycle',
      value: null,
      sourceTs: null,
    });
    pieces(line, 1).complete().tick();
    expect(results(line)[0]).toMatchObject({
      GoodIn: 960,
      TotalQty: 4,
      integrity: { gaps: [{ from: new Date(from - 10_000).toISOString(), source: 'line' }], violations: [] },
    });
  });

  it('has what was made while its counter said nothing good, and says since when', () => {
    const line = pieces(lineInProduction(), 2).wait(1_000);
    const from = line.now;
    line.say('state', 'RUN').wait(1_000).say('good', null).silence('good');
    pieces(line, 3).unsilence('good');
    pieces(line, 1).complete().tick();
    expect(results(line)[0]).toMatchObject({
      GoodIn: 6 * 240,
      TotalQty: 6,
      integrity: {
        gaps: [{ from: new Date(from).toISOString(), to: new Date(from + 41_000).toISOString(), source: 'line' }],
        violations: [],
      },
    });
  });

  it('says so where it ends while its counter says nothing good', () => {
    const line = pieces(lineInProduction(), 2).wait(1_000);
    const from = line.now;
    line.say('state', 'RUN').say('good', null).silence('good').wait(5_000).complete().tick();
    expect(results(line)[0]).toMatchObject({
      GoodIn: 480,
      integrity: {
        // to the end of the window in which its last piece would have been counted
        gaps: [{ from: new Date(from).toISOString(), to: new Date(from + 7_050).toISOString(), source: 'line' }],
      },
    });
  });

  it('does not mind an outage of a source that it does not hear', () => {
    const line = pieces(lineInProduction(), 2);
    const last = line.signals.at(-1)!;
    line.signals.push({
      ...last,
      path: '$lifecycle',
      kind: 'lifecycle',
      value: 'disconnected',
      source: 'other',
      sourceTs: null,
    });
    pieces(line, 1).complete().tick();
    expect(results(line)[0]).toMatchObject({ GoodIn: 720, integrity: { gaps: [] } });
  });
});
