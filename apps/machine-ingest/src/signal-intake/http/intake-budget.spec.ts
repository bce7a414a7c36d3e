import { IntakeBudget } from './intake-budget';

describe('the room for requests that are under way', () => {
  it('is given once and comes back once', () => {
    const budget = new IntakeBudget(10);
    const first = budget.take(6)!;
    expect(budget.take(5)).toBeNull();
    const second = budget.take(4)!;
    first();
    first();
    expect(budget.inFlight).toBe(4);
    expect(budget.take(6)).not.toBeNull();
    second();
    expect(budget.inFlight).toBe(6);
  });

  it('is there for a request that is alone, however large', () => {
    const budget = new IntakeBudget(10);
    expect(budget.take(50)).not.toBeNull();
    expect(budget.take(1)).toBeNull();
  });
});
