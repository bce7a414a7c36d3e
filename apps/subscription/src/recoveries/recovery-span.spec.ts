import { spanProblems } from './recovery-span';

const now = Date.parse('2026-06-01T00:00:00.000Z');
const DAY = 86_400_000;

test.each<[number, number | null]>([
  [now - 1, null],
  [now - 35 * DAY, null],
  [now - 2, now - 1],
  [now - 1, now],
])('from %d to %p can be recovered', (since, until) => {
  expect(spanProblems({ since, until }, now)).toEqual([]);
});

test.each<[number, number | null, string[]]>([
  [now + 1, null, ['since must not lie in the future; it is 2026-06-01T00:00:00.000Z here']],
  [
    now - 35 * DAY - 1,
    null,
    ['since must be at most 35 days ago, as long as events are kept: not before 2026-04-27T00:00:00.000Z'],
  ],
  [
    now - DAY,
    now + 1,
    ['until must not lie in the future; leave it out for now, which is 2026-06-01T00:00:00.000Z here'],
  ],
  [now - DAY, now - DAY, ['until must be later than since']],
  [now - DAY, now - 2 * DAY, ['until must be later than since']],
  [now, null, ['until must be later than since']],
  [
    now + 1,
    now + 2,
    [
      'since must not lie in the future; it is 2026-06-01T00:00:00.000Z here',
      'until must not lie in the future; leave it out for now, which is 2026-06-01T00:00:00.000Z here',
    ],
  ],
])('from %d to %p cannot', (since, until, problems) => {
  expect(spanProblems({ since, until }, now).map(({ path, detail }) => `${path} ${detail}`)).toEqual(problems);
});
