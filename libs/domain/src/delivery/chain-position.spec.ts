import { type ChainPosition, compareChainPositions } from './chain-position';

describe('compareChainPositions', () => {
  it('orders by epoch, then attempt', () => {
    const inOrder: ChainPosition[] = [
      { epoch: 0, attempt: 1 },
      { epoch: 0, attempt: 2 },
      { epoch: 0, attempt: 10 },
      { epoch: 1, attempt: 1 },
    ];
    expect([...inOrder].reverse().sort(compareChainPositions)).toEqual(inOrder);
    expect(compareChainPositions(inOrder[1]!, { ...inOrder[1]! })).toBe(0);
  });
});
