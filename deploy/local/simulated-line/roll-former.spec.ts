import { atRest, beforeTheShift, nextStep, type Said, type Shift } from './roll-former';

const play = (steps: number, chance: () => number) => {
  let shift: Shift = beforeTheShift(12_345);
  const said: Said[] = [];
  for (let n = 0; n < steps; n++) {
    const step = nextStep(shift, chance);
    expect(step.waitMs).toBeGreaterThan(0);
    shift = step.shift;
    said.push(step.says);
  }
  return { shift, said };
};
const ofMetric = (said: readonly Said[], metric: string) =>
  said.filter((says) => metric in says).map((says) => says[metric]);

describe('the roll former', () => {
  it('makes the panels of a bundle one by one, and tells its end', () => {
    const { said } = play(8, () => 0);
    expect(ofMetric(said, 'Line/State')).toEqual(['HALT', 'RUN', 'HALT']);
    expect(ofMetric(said, 'Item/QuantityDone')).toEqual([0, 1, 2, 3, 4]);
    expect(ofMetric(said, 'Length/Good')).toEqual([1, 2, 3, 4].map((panel) => 52_000 + panel * 180));
    expect(ofMetric(said, 'Bundle/Complete')).toEqual([true, false]);
    expect(ofMetric(said, 'Bundle/Weight')).toEqual([153]);
  });

  it('has three bundles of an order, then another order', () => {
    const { said } = play(60, () => 0);
    expect(ofMetric(said, 'Bundle/Number').slice(0, 5)).toEqual([1, 2, 3, 1, 2]);
    expect(ofMetric(said, 'Job/OrdId').slice(0, 4)).toEqual([12_345, 12_345, 12_345, 12_346]);
  });

  it('jams once in every third bundle, and goes on; the reason comes after the scrap', () => {
    const { said, shift } = play(120, () => 0.5);
    const jams = ofMetric(said, 'Decoiler/TensionLost');
    expect(jams.filter((lost) => lost === true)).toHaveLength(Math.floor((shift.bundle - 1) / 3));
    expect(jams.filter((lost) => lost === false)).toHaveLength(jams.length / 2);
    const scrapAt = said.findIndex((says) => 'Length/Scrap' in says);
    expect(said[scrapAt + 1]).toEqual({ 'Scrap/Reason': 3 });
  });

  it('is born with every metric that it will ever say', () => {
    const { said } = play(120, () => 0.5);
    const names = new Set(said.flatMap((says) => Object.keys(says)));
    expect([...names].filter((name) => !(name in atRest))).toEqual([]);
  });
});
