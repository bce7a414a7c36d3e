import { type HeldKey, heldKeys, type WaitingGroup } from './held-keys';

const group = (subject: string | null, over: Partial<WaitingGroup> = {}): WaitingGroup => ({
  subject,
  count: 1,
  since: 100,
  behind: null,
  openBefore: null,
  ...over,
});
const behind = (id: string, subject: string | null, open = true) => ({ id, subject, open });
const held = (subject: string | null, head: string | null, count: number, since = 100): HeldKey => ({
  subject,
  head,
  count,
  since,
});

it.each<[string, WaitingGroup[], HeldKey[]]>([
  ['nothing', [], []],
  [
    'two keys',
    [
      group('a', { count: 3, behind: behind('d1', 'a') }),
      group('b', { count: 2, since: 50, behind: behind('d2', 'b') }),
    ],
    [held('a', 'd1', 3), held('b', 'd2', 2, 50)],
  ],
  [
    'a key whose rows were parked behind one that has ended since',
    [
      group('a', { count: 3, behind: behind('d1', 'a', false), openBefore: 'd2' }),
      group('a', { count: 1, since: 200, behind: behind('d2', 'a') }),
    ],
    [held('a', 'd2', 4)],
  ],
  [
    'rows that were parked while nothing held the key',
    [group('a', { count: 2, openBefore: 'd2' }), group('a', { count: 1, since: 50, behind: behind('d2', 'a') })],
    [held('a', 'd2', 3, 50)],
  ],
  [
    'a key whose next one is about to go',
    [group('a', { behind: behind('d1', 'a', false) }), group('a', { count: 2 })],
    [held('a', null, 3)],
  ],
  [
    'one order for all',
    [
      group('a', { count: 2, behind: behind('d1', 'c') }),
      group('b', { count: 2, since: 90, behind: behind('d1', 'c') }),
      group('c', { behind: behind('d1', 'c') }),
    ],
    [held(null, 'd1', 5, 90)],
  ],
  [
    'one order for all, and rows behind one that has ended since',
    [
      group('a', { count: 2, behind: behind('d1', 'c', false), openBefore: 'd9' }),
      group('b', { behind: behind('d2', 'x') }),
    ],
    [held(null, 'd2', 3)],
  ],
  [
    'one order for all, and the next one about to go',
    [group('a', { behind: behind('d1', 'c', false) }), group(null, { behind: behind('d1', 'c', false) })],
    [held(null, null, 2)],
  ],
])('shows %s', (_title, groups, expected) => {
  expect(heldKeys(groups)).toEqual(expected);
});
