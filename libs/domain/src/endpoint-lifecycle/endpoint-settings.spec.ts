import { standard } from '../contract/standard';
import { retryPolicyOf, timeoutOf } from './endpoint-settings';

describe('the settings of an endpoint', () => {
  it('stand before those of its contract', () => {
    const own = { delaysMs: [], jitter: 0 };
    expect(retryPolicyOf({ retry: own }, standard)).toBe(own);
    expect(retryPolicyOf({ retry: null }, standard)).toBe(standard.retry);
  });

  it.each([
    [null, 15_000],
    [100, 100],
    [30_000, 30_000],
    [60_000, 30_000],
  ])('a timeout of %s gives %i ms', (timeoutMs, expected) => {
    expect(timeoutOf({ timeoutMs }, standard)).toBe(expected);
  });
});
