import { SignedBudget } from './signed-budget';

describe('the room for messages whose sender is not known yet', () => {
  it('is shared out by address, and comes back once', () => {
    const budget = new SignedBudget(10, 100);
    const first = budget.take('a', 6, true)!;
    expect(budget.take('a', 5, true)).toBeNull();
    expect(budget.take('b', 10, true)).not.toBeNull();
    first();
    first();
    expect(budget.inFlight).toEqual({ addresses: 1, held: 10 });
    expect(budget.take('a', 10, true)).not.toBeNull();
  });

  it('is not taken at addresses behind which there is nobody, though their share is', () => {
    const budget = new SignedBudget(10, 20);
    const given = Array.from({ length: 50 }, (_, n) => budget.take(`nobody-${n}`, 10, false));
    expect(given).not.toContain(null);
    expect(budget.take('nobody-7', 1, false)).toBeNull();
    expect(budget.inFlight.held).toBe(0);
    expect(budget.take('a', 10, true)).not.toBeNull();
    expect(budget.take('b', 10, true)).not.toBeNull();
    expect(budget.take('c', 1, true)).toBeNull();
    for (const giveBack of given) giveBack!();
    expect(budget.inFlight.addresses).toBe(2);
  });
});
