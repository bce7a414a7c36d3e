import { type Outcome, outcomeName } from './outcome';

describe('outcomeName', () => {
  const response = (status: number): Outcome => ({
    kind: 'response',
    status,
    headers: {},
    body: Buffer.alloc(0),
    bodyTruncated: false,
    durationMs: 1,
  });
  it.each<[Outcome, boolean, string]>([
    [response(200), true, 'success'],
    [response(201), false, 'http_201'],
    [response(503), false, 'http_503'],
    [response(302), false, 'http_302'],
    [{ kind: 'failure', failure: 'timeout', message: 'x', durationMs: 1 }, false, 'timeout'],
    [{ kind: 'failure', failure: 'blocked_destination', message: 'x', durationMs: 1 }, false, 'blocked_destination'],
  ])('row %#', (outcome, succeeded, name) => {
    expect(outcomeName(outcome, succeeded)).toBe(name);
  });
});
