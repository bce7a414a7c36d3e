import { type DeliveryTask, RETRY_TIERS, tierNamed } from '@millrace/domain';
import fc from 'fast-check';
import { dueAt, nextStep } from './next-step';

const task = (remainingDelayMs: number) => ({ remainingDelayMs }) as DeliveryTask;

/** Walks a delay through the tiers as a mover with the given lateness would; gives the time of the attempt. */
const walk = (delayMs: number, lateness: () => number, timeScale: number) => {
  let now = 1_000_000;
  let remaining = delayMs;
  const hops: string[] = [];
  let tier = [...RETRY_TIERS].reverse().find((each) => each.delayMs <= remaining / timeScale);
  while (tier) {
    hops.push(tier.name);
    const appendedAt = now;
    now = dueAt(appendedAt, tier, timeScale) + lateness();
    const step = nextStep({ task: task(remaining), appendedAt, now, timeScale });
    remaining = step.task.remainingDelayMs;
    tier = step.kind === 'hop' ? step.tier : undefined;
  }
  return { hops, endsAt: now + remaining - 1_000_000 };
};

describe('the way of a delay through the tiers', () => {
  it.each([
    [1_000, ['1s']],
    [37_000, ['30s', '5s', '1s', '1s']],
    [37_400, ['30s', '5s', '1s', '1s']],
    [5 * 3_600_000, ['2h', '2h', '30m', '30m']],
    [14 * 3_600_000, ['2h', '2h', '2h', '2h', '2h', '2h', '2h']],
    [24 * 3_600_000, ['24h']],
    [999, []],
  ])('%d ms goes through %j', (delay, hops) => {
    expect(walk(delay, () => 0, 1)).toEqual({ hops, endsAt: delay });
  });

  it('is never early, and the lateness of its hops does not add up', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200_000_000 }),
        fc.integer({ min: 0, max: 400 }),
        fc.constantFrom(1, 0.1, 0.001),
        (delay, late, scale) => {
          const { endsAt } = walk(delay, () => late, scale);
          expect(endsAt).toBeGreaterThanOrEqual(delay);
          expect(endsAt).toBeLessThanOrEqual(delay + late + 1 + RETRY_TIERS.length);
        },
      ),
    );
  });

  it('rounds a scaled tier up, never down', () => {
    expect(dueAt(0, tierNamed('1s')!, 0.0004)).toBe(1);
  });
});
