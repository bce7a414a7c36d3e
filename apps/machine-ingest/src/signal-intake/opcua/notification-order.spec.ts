import { firstNotification, MOST_ASKED_AGAIN, takeNotification } from './notification-order';

describe('numbers of notification messages', () => {
  it.each<[string, number, number, boolean, object]>([
    ['the next', 5, 5, false, { kind: 'taken', order: { next: 6 }, missing: [], lost: 0 }],
    ['a keep-alive, which uses no number up', 5, 5, true, { kind: 'taken', order: { next: 5 }, missing: [], lost: 0 }],
    ['one too many', 5, 7, false, { kind: 'taken', order: { next: 8 }, missing: [5, 6], lost: 2 }],
    [
      'a keep-alive that tells of missing ones',
      5,
      6,
      true,
      { kind: 'taken', order: { next: 6 }, missing: [5], lost: 1 },
    ],
    ['one of before', 5, 4, false, { kind: 'repeated' }],
    ['the last before numbers begin anew', 4_294_967_295, 4_294_967_295, false, { kind: 'taken', order: { next: 1 } }],
    ['the first after numbers began anew', 1, 1, false, { kind: 'taken', order: { next: 2 } }],
    ['missing ones across the new beginning', 4_294_967_295, 2, false, { missing: [4_294_967_295, 1], lost: 2 }],
    ['one of before the new beginning', 2, 4_294_967_295, false, { kind: 'repeated' }],
  ])('%s', (_, next, number, keepAlive, expected) => {
    expect(takeNotification({ next }, number, keepAlive)).toMatchObject(expected);
  });

  it('lists no more than a server could still have, and counts them all', () => {
    const taken = takeNotification(firstNotification, 1_000_001, false);
    expect(taken).toMatchObject({ kind: 'taken', lost: 1_000_000 });
    if (taken.kind !== 'taken') return;
    expect(taken.missing).toHaveLength(MOST_ASKED_AGAIN);
    expect(taken.missing.at(-1)).toBe(1_000_000);
  });
});
