import fc from 'fast-check';
import { deliveryId, isDeliveryId, timeForDeliveryId, timeOfDeliveryId } from './delivery-id';

const KEY = 'a'.repeat(32);
const AT = Date.UTC(2026, 1, 17, 13, 59, 55);

describe('deliveryId', () => {
  it('is the same for the same delivery', () => {
    const id = deliveryId(KEY, AT, 'ep_1', { kind: 'event' });
    expect(deliveryId(KEY, AT, 'ep_1', { kind: 'event' })).toBe(id);
    expect(isDeliveryId(id)).toBe(true);
  });

  it('is another for another event, endpoint, trigger or run of the same trigger', () => {
    const ids = [
      deliveryId(KEY, AT, 'ep_1', { kind: 'event' }),
      deliveryId('b'.repeat(32), AT, 'ep_1', { kind: 'event' }),
      deliveryId(KEY, AT, 'ep_2', { kind: 'event' }),
      deliveryId(KEY, AT, 'ep_1', { kind: 'test', id: '1' }),
      deliveryId(KEY, AT, 'ep_1', { kind: 'test', id: '2' }),
      deliveryId(KEY, AT, 'ep_1', { kind: 'recovery', id: '1' }),
      deliveryId(KEY, AT + 1, 'ep_1', { kind: 'event' }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is a UUID of version 8 that begins with its time, and sorts by it', () => {
    const time = fc.integer({ min: 0, max: 2 ** 47 });
    fc.assert(
      fc.property(fc.string(), time, time, fc.string(), (key, first, second, endpoint) => {
        const id = deliveryId(key, first, endpoint, { kind: 'event' });
        expect(isDeliveryId(id)).toBe(true);
        expect(timeOfDeliveryId(id)).toBe(first);
        const other = deliveryId(key, second, endpoint, { kind: 'event' });
        expect(id < other).toBe(first < second);
      }),
    );
  });

  it.each([
    '',
    'x',
    KEY,
    '01890a5d-ac96-774b-bcce-b302099a8057',
    `${'0'.repeat(8)}-0000-8000-8000-${'0'.repeat(12)}\n`,
    '0189',
  ])('knows that %j is none', (text) => {
    expect(isDeliveryId(text)).toBe(false);
  });
});

describe('timeForDeliveryId', () => {
  const accepted = AT;
  const iso = (at: number) => new Date(at).toISOString();
  it.each([
    [iso(AT - 5_000), AT - 5_000],
    ['2026-02-17T13:59:50.123456789Z', Date.UTC(2026, 1, 17, 13, 59, 50, 123)],
    ['2026-02-17T14:59:50+01:00', Date.UTC(2026, 1, 17, 13, 59, 50)],
    [iso(AT - 30 * 86_400_000), AT - 30 * 86_400_000],
    [iso(AT - 30 * 86_400_000 - 1), accepted],
    [iso(AT + 3_600_000), AT + 3_600_000],
    [iso(AT + 3_600_001), accepted],
    ['9999-12-31T23:59:59Z', accepted],
    ['0001-01-01T00:00:00Z', accepted],
    ['nonsense', accepted],
    ['', accepted],
  ])('of %s', (eventTime, expected) => {
    expect(timeForDeliveryId(eventTime, accepted)).toBe(expected);
  });

  it('always fits into an id, also for a record without a time', () => {
    const times = ['1969-12-31T23:59:59Z', '2026-02-17T13:59:55Z', 'nonsense'];
    for (const acceptedAt of [-1, 0, 1.5, AT, 2 ** 48, 2 ** 53, Number.NaN])
      for (const eventTime of times) {
        const at = timeForDeliveryId(eventTime, acceptedAt);
        expect(isDeliveryId(deliveryId(KEY, at, 'ep_1', { kind: 'event' }))).toBe(true);
      }
  });
});
