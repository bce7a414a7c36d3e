import { type ChainPosition, compareChainPositions } from './chain-position';

describe('compareChainPositions', () => {
  it('orders by epoch, then attempt, then parking', () => {
    const inOrder: ChainPosition[] = [
      { epoch: 0, attempt: 1, parkings: 0 },
      { epoch: 0, attempt: 1, parkings: 1 },
      { epoch: 0, attempt: 2, parkings: 0 },
      { epoch: 0, attempt: 10, parkings: 0 },
      { epoch: 1, attempt: 1, parkings: 0 },
    ];
    expect([...inOrder].reverse().sort(compareChainPositions)).toEqual(inOrder);
    expect(compareChainPositions(inOrder[1]!, { ...inOrder[1]! })).toBe(0);
  });
});
