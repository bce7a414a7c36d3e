import fc from 'fast-check';
import { RETRY_BUDGET, retryBudget } from './retry-budget';

const AT = 1_760_000_000_000;
const times = (count: number, act: () => void) => {
  for (let n = 0; n < count; n++) act();
};
const allowedAt = (budget: ReturnType<typeof retryBudget>, now: number, asked = 1_000) => {
  let allowed = 0;
  times(asked, () => {
    if (budget.mayRetry(now).ok) allowed++;
  });
  return allowed;
};

describe('the retry budget', () => {
  it('is free at its beginning, and as long as retries succeed', () => {
    const budget = retryBudget();
    expect(allowedAt(budget, AT)).toBe(1_000);
    times(1_000, () => budget.noteSuccess());
    expect(allowedAt(budget, AT)).toBe(1_000);
  });

  it('falls to ten retries a second when they keep failing', () => {
    const budget = retryBudget();
    times(RETRY_BUDGET.tokens / 2 - 1, () => budget.noteFailure());
    expect(allowedAt(budget, AT)).toBe(1_000);
    budget.noteFailure();
    expect(allowedAt(budget, AT)).toBe(10);
    expect(budget.mayRetry(AT)).toEqual({ ok: false, waitMs: 100 });
    expect(allowedAt(budget, AT + 500)).toBe(5);
    expect(allowedAt(budget, AT + 1_500)).toBe(10);
  });

  it('is free again after enough successes, however long the outage was', () => {
    const budget = retryBudget();
    times(1_000_000, () => budget.noteFailure());
    const needed = RETRY_BUDGET.tokens / 2 / RETRY_BUDGET.perSuccess;
    times(needed - 1, () => budget.noteSuccess());
    expect(allowedAt(budget, AT)).toBe(10);
    times(2, () => budget.noteSuccess());
    expect(allowedAt(budget, AT)).toBe(1_000);
  });

  it('bears a share of failures that successes make good', () => {
    const budget = retryBudget();
    times(2_000, () => {
      times(6, () => budget.noteSuccess());
      budget.noteFailure();
    });
    expect(budget.mayRetry(AT)).toEqual({ ok: true });
  });

  it('always allows the floor, and a refusal says when to ask again', () => {
    const step = fc.oneof(fc.constantFrom('success' as const, 'failure' as const, 'failure' as const), fc.nat(300));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.nat(300), (steps, failures) => {
        const budget = retryBudget();
        times(failures, () => budget.noteFailure());
        let now = AT;
        for (const each of steps) {
          if (each === 'success') budget.noteSuccess();
          else if (each === 'failure') budget.noteFailure();
          else {
            now += each;
            const permit = budget.mayRetry(now);
            if (!permit.ok) {
              expect(permit.waitMs).toBeLessThanOrEqual(1_000 / RETRY_BUDGET.floorPerSecond);
              now += permit.waitMs;
              expect(budget.mayRetry(now).ok).toBe(true);
            }
          }
        }
      }),
    );
  });
});
