import fc from 'fast-check';
import { type MtconnectCursor, readCursor, resumptionOf, sessionOf } from './resumption';
import type { StreamsHeader } from './streams-document';

const header = (firstSequence: number | null, lastSequence: number | null, instanceId = '7'): StreamsHeader => ({
  instanceId,
  firstSequence,
  lastSequence,
  nextSequence: lastSequence === null ? 101 : lastSequence + 1,
  creationTime: null,
  deviceModelChangeTime: null,
});
const at = (next: number, epoch = 0, instanceId = '7'): MtconnectCursor => ({ instanceId, epoch, next });

it.each([
  ['nothing read before', null, header(1, 100), 0, 'first', at(101), null],
  ['all of it read', at(101), header(1, 100), 0, 'resumed', at(101), null],
  ['some of it not read', at(50), header(1, 100), 0, 'resumed', at(50), null],
  ['the next one just kept', at(50), header(50, 100), 0, 'resumed', at(50), null],
  ['one is lost', at(50), header(51, 100), 0, 'resumed', at(51), { from: 50, to: 50, lost: 1 }],
  ['many are lost', at(50), header(91, 100), 0, 'resumed', at(91), { from: 50, to: 90, lost: 41 }],
  ['outrun twice', at(50), header(91, 100), 2, 'resumed', at(101), { from: 50, to: 100, lost: 51 }],
  ['outrun, and the rest is read', at(101), header(91, 100), 2, 'resumed', at(101), null],
  ['another instance', at(50, 3, '6'), header(1, 100), 0, 'restarted', at(1), null],
  [
    'another instance that has lost some',
    at(50, 0, '6'),
    header(11, 100),
    0,
    'restarted',
    at(11),
    { from: 1, to: 10, lost: 10 },
  ],
  ['a numbering that is behind', at(102), header(1, 100), 0, 'restarted', at(1, 1), null],
  ['a huge position', at(9e15), header(41, 100), 0, 'restarted', at(41, 1), { from: 1, to: 40, lost: 40 }],
  ['an agent that tells no first', at(50), header(null, 100), 0, 'resumed', at(50), null],
  ['an agent that tells only the next', at(50), header(null, null), 0, 'resumed', at(50), null],
  ['an empty buffer', at(1), header(1, 0), 0, 'resumed', at(1), null],
] as const)('%s', (_, before, said, outran, kind, cursor, gap) => {
  expect(resumptionOf(before, said, outran)).toMatchObject({ kind, cursor, gap });
});

it('accounts for every sequence: it is read, or it is told as lost', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(300), fc.nat(200), fc.nat(3), (next, first, size, outran) => {
      const said = header(first + 1, first + size);
      const { kind, cursor, gap, present } = resumptionOf(at(next), said, outran);
      const begin = kind === 'resumed' ? next : 1;
      expect((gap?.lost ?? 0) + (present - cursor.next)).toBe(present - begin);
      expect(gap?.from ?? begin).toBe(begin);
      expect(cursor.next).toBeGreaterThanOrEqual(Math.min(first + 1, present));
    }),
  );
});

it('names a session for each numbering', () => {
  expect(sessionOf(at(5))).toBe('7');
  expect(sessionOf(at(5, 2))).toBe('7.2');
});

it('reads what it has written, and nothing else', () => {
  expect(readCursor(JSON.parse(JSON.stringify({ ...at(5), machines: [] })))).toEqual(at(5));
  for (const other of [null, {}, { instanceId: 7, epoch: 0, next: 1 }, { instanceId: '7', epoch: 0, next: 0.5 }])
    expect(readCursor(other)).toBeNull();
});
