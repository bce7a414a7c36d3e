import { receivedFromBuffer, unread } from './live-signals';
import { followingOf, hasDropped, lagOf } from './progress';
import type { StreamsHeader, StreamsObservation } from './streams-document';

const header = (said: Partial<StreamsHeader>): StreamsHeader => ({
  instanceId: '7',
  firstSequence: 1,
  lastSequence: 100,
  nextSequence: 51,
  creationTime: Date.parse('2026-01-05T06:00:10Z'),
  deviceModelChangeTime: null,
  ...said,
});
const observation = (sequence: number, timestamp = '2026-01-05T06:00:00Z', value: string | null = '1') =>
  ({ sequence, timestamp, path: 'a', item: 'a', kind: 'event', value }) satisfies StreamsObservation;

it.each([
  ['what the agent says', {}, [48, 49, 50], 48, 51],
  ['behind the last, where the agent does not say', { nextSequence: null }, [48, 49, 50], 48, 51],
  ['nothing came for the devices that are read', { nextSequence: 60 }, [], 51, 60],
  ['a heartbeat', { nextSequence: 101 }, [], 101, 101],
  ['a next beyond the buffer is not believed', { nextSequence: 9e15 }, [50], 50, 51],
  ['a next that goes back', { nextSequence: 3 }, [50], 50, 51],
  ['repeats only', {}, [3, 4, 5], 51, 51],
] as const)('asks next for: %s', (_, more, said, before, next) => {
  expect(followingOf(header(more), said, before)).toBe(next);
});

it.each([
  ['all there', { firstSequence: 1 }, [50], 50, false],
  ['just there', { firstSequence: 50 }, [50], 50, false],
  ['gone', { firstSequence: 51 }, [51], 50, true],
  ['gone, and nothing came', { firstSequence: 51 }, [], 50, true],
  ['dropped while the answer was written, and in it', { firstSequence: 51 }, [50, 51], 50, false],
  ['an agent that does not say', { firstSequence: null }, [60], 50, false],
] as const)('whether the next is dropped: %s', (_, more, said, next, dropped) => {
  expect(hasDropped(header(more), said, next)).toBe(dropped);
});

it.each([
  ['nothing waits', [], 101, 0],
  ['more waits', [observation(50)], 51, 10_000],
  ['more waits, and nothing is known of it', [], 51, null],
  ['stamps of the future', [observation(50, '2026-01-05T07:00:00Z')], 51, 0],
] as const)('how far behind: %s', (_, fresh, next, lag) => {
  expect(lagOf(header({}), fresh, next)).toBe(lag);
});

it('takes each sequence once, from the next on', () => {
  const all = [3, 4, 5, 5, 6, 8].map((sequence) => ({
    machine: 'M',
    item: undefined,
    observation: observation(sequence),
  }));
  expect(unread(all, 5).map(({ observation: { sequence } }) => sequence)).toEqual([5, 6, 8]);
});

describe('when what waited in a buffer would have been received', () => {
  const at = (text: string) => Date.parse(`2026-01-05T${text}Z`);
  const now = at('06:30:00');
  it.each([
    ['at its stamp', '06:10:00', '1', null, 0, '06:10:00'],
    ['by our clock, where the agent is an hour ahead', '07:10:00', '1', null, 3_600_000, '06:10:00'],
    ['not before the one that came before it', '06:10:00', '1', '06:20:00', 0, '06:20:00'],
    ['not in the future', '09:00:00', '1', null, 0, '06:30:00'],
    ['UNAVAILABLE moves nothing', '06:25:00', null, '06:20:00', 0, '06:20:00'],
    ['UNAVAILABLE as the first', '06:25:00', null, null, 0, '06:25:00'],
  ] as const)('%s', (_, stamp, value, before, agentAhead, expected) => {
    const one = observation(1, `2026-01-05T${stamp}Z`, value);
    expect(receivedFromBuffer(one, before === null ? null : at(before), agentAhead, now)).toBe(at(expected));
  });
});
