import { configured, fold, foldUnder, lifecycle, signal } from '../signal/signals.fixture';
import { availability, mappingOf } from './mapping.fixture';

describe('availability of a machine whose mapping knows no states', () => {
  const told = (...log: Parameters<typeof foldUnder>[1]) =>
    foldUnder(mappingOf({ signals: { avail: {} }, rules: [availability()] }), log, { restart: true }).told.map(
      ({ current, reason }) => [current, reason],
    );
  const outage = [lifecycle(1_000, 'disconnected'), lifecycle(2_000, 'connected')];

  it('is taken back with the connection where it was never said', () => {
    expect(told(signal(0, 'temp', '20'), ...outage)).toEqual([
      ['offline', 'connection_lost'],
      ['unknown', 'connected'],
    ]);
  });

  it('is waited for where it was ever said', () => {
    expect(told(signal(0, 'avail', 'AVAILABLE'), ...outage)).toEqual([['offline', 'connection_lost']]);
    expect(told(signal(0, 'avail', 'AVAILABLE'), ...outage, signal(2_000, 'avail', 'AVAILABLE'))).toEqual([
      ['offline', 'connection_lost'],
      ['unknown', 'avail'],
    ]);
  });

  it('is waited for where it was said as a former mapping reads it', () => {
    const before = mappingOf({ hash: 'b'.repeat(64), signals: { avail: {} }, rules: [availability()] });
    const after = mappingOf({ signals: { avail: { type: 'string' } }, rules: [availability()] });
    const log = [
      configured(0, before),
      signal(1_000, 'avail', 'UNAVAILABLE'),
      configured(2_000, after),
      lifecycle(3_000, 'alive'),
    ];
    expect(fold(log, undefined, 0, [before, after]).state.status.current).toBe('offline');
  });
});
