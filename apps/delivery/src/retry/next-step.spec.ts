import { type DeliveryTask, dueTime, nextHop, RETRY_TIERS, tierNamed } from '@millrace/domain';
import fc from 'fast-check';
import { nextStep, tierEnd, waitInTier } from './next-step';

const START = 1_000_000;

interface Way {
  readonly delayMs: number;
  readonly timeScale: number;
  readonly leadMs: number;
  /** Ms that a record takes to the broker, each time. */
  readonly transit: () => number;
  /** Ms by which the mover is late, each time. */
  readonly lateness: () => number;
  readonly plan?: boolean;
}

/** Walks a delay through the tiers. Tells the hops, when the task was at its owner, and when that holds it to. */
const walk = ({ delayMs, timeScale, leadMs, transit, lateness, plan = true }: Way) => {
  let task = { remainingDelayMs: delayMs, plannedAt: plan ? START + delayMs : null } as DeliveryTask;
  let tier = nextHop(delayMs / timeScale);
  let appendedAt = START + transit();
  const hops: string[] = [];
  while (tier) {
    hops.push(tier.name);
    const wait = waitInTier({ task, tier, appendedAt, timeScale, leadMs });
    const now = Math.max(appendedAt, wait.leaveAt) + lateness();
    const step = nextStep(task, wait.due - now, timeScale, leadMs);
    task = step.task;
    tier = step.kind === 'hop' ? step.tier : undefined;
    appendedAt = now + transit();
  }
  const due = dueTime(appendedAt, task);
  return { hops, atOwner: appendedAt - START, due: Math.max(appendedAt, due) - START };
};

const none = () => 0;

describe('the way of a delay through the tiers', () => {
  it.each([
    [1_000, ['1s']],
    [37_000, ['30s', '5s', '1s', '1s']],
    [37_400, ['30s', '5s', '1s', '1s']],
    [5 * 3_600_000, ['2h', '2h', '30m', '30m']],
    [14 * 3_600_000, ['2h', '2h', '2h', '2h', '2h', '2h', '2h']],
    [24 * 3_600_000, ['24h']],
    [999, []],
  ])('%d ms goes through %j', (delayMs, hops) => {
    expect(walk({ delayMs, timeScale: 1, leadMs: 0, transit: none, lateness: none })).toMatchObject({
      hops,
      due: delayMs,
    });
  });

  it('ends when it was planned to, however long each hop took', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 200_000_000 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 90 })),
        fc.constantFrom(1, 0.1, 0.001),
        (delayMs, waste, timeScale) => {
          const next = () => waste.next().value as number;
          const { due, atOwner } = walk({ delayMs, timeScale, leadMs: 200, transit: next, lateness: next });
          expect(due).toBeGreaterThanOrEqual(delayMs);
          // The owner has it before it is due, when it takes no longer than the lead: mover and way, 180 ms at most.
          if (delayMs > 1_000) expect(due).toBe(Math.max(delayMs, atOwner));
          if (timeScale === 1) expect(due).toBe(delayMs);
        },
      ),
    );
  });

  it('reaches its owner at most the lead, and what is no tier, before it is due', () => {
    for (let delayMs = 1_000; delayMs < 50_000; delayMs += 137) {
      const { atOwner } = walk({ delayMs, timeScale: 1, leadMs: 100, transit: none, lateness: none });
      expect(delayMs - atOwner).toBe(100);
    }
  });

  it('is never early, and late by no more than the ways, without a plan', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000_000 }), fc.integer({ min: 0, max: 40 }), (delayMs, transit) => {
        const { due, hops } = walk({
          delayMs,
          timeScale: 1,
          leadMs: 100,
          transit: () => transit,
          lateness: none,
          plan: false,
        });
        expect(due).toBeGreaterThanOrEqual(delayMs);
        expect(due).toBeLessThanOrEqual(delayMs + (hops.length + 1) * transit);
      }),
    );
  });

  it('waits the whole delay when the clock that planned it was wrong', () => {
    for (const off of [-3_600_000, -2_000, 2_000, 3_600_000]) {
      const task = { remainingDelayMs: 7_000, plannedAt: START + off + 7_000 };
      const tier = tierNamed('5s')!;
      const wait = waitInTier({ task, tier, appendedAt: START, timeScale: 1, leadMs: 100 });
      expect(wait).toEqual({ due: START + 7_000, leaveAt: START + 5_000 });
    }
  });

  it('rounds a scaled tier up, never down', () => {
    expect(tierEnd(0, tierNamed('1s')!, 0.0004)).toBe(1);
  });

  it('goes from the largest tier down, and never into one that is longer than the rest', () => {
    const order = RETRY_TIERS.map(({ name }) => name as string);
    for (const delayMs of [37_000, 86_399_999, 54_321_000]) {
      const { hops } = walk({ delayMs, timeScale: 1, leadMs: 100, transit: () => 3, lateness: () => 2 });
      const ranks = hops.map((name) => order.indexOf(name));
      expect([...ranks].sort((a, b) => b - a)).toEqual(ranks);
    }
  });
});
