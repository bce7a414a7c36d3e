import { isSortableId, sortableId } from './sortable-id';

const random = (fill: number) => Buffer.alloc(10, fill);
const isEndpointId = (text: string) => isSortableId('ep', text);

test('ids sort by the time of their creation', () => {
  const at = (ms: number, fill: number) => sortableId('ep', ms, random(fill));
  const ids = [at(1, 255), at(2, 0), at(1_700_000_000_000, 9), at(1_700_000_000_001, 0), at(2 ** 48 - 1, 255)];
  expect([...ids].sort()).toEqual(ids);
  expect(ids.map(isEndpointId)).toEqual(ids.map(() => true));
});

test('an id is known from other text', () => {
  const id = sortableId('ep', 1_700_000_000_000, random(7));
  expect(id).toBe(`ep_01hf7yat00${id.slice(13)}`);
  for (const text of [
    '',
    'ep_',
    id.slice(1),
    `${id}0`,
    id.toUpperCase(),
    id.replace(/.$/, 'u'),
    `${id.slice(0, -1)}'`,
    'ep_\u0000',
  ])
    expect(isEndpointId(text)).toBe(false);
});

test('ids of another kind are none', () => {
  const recovery = sortableId('rec', 1_700_000_000_000, random(7));
  expect(recovery).toMatch(/^rec_01hf7yat00/);
  expect([isSortableId('rec', recovery), isEndpointId(recovery)]).toEqual([true, false]);
  expect(isSortableId('rec', sortableId('ep', 1_700_000_000_000, random(7)))).toBe(false);
});

test('different randomness gives different ids', () => {
  expect(sortableId('ep', 5, random(1))).not.toBe(sortableId('ep', 5, random(2)));
});
