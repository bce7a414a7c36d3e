import fc from 'fast-check';
import { counterStep } from './counter-rule';
import { openWindow, seeInWindow, WINDOW } from './duplicate-window';
import { DEFAULT_MAPPING } from './machine-mapping';
import { advanceRecordingClock, startRecordingClock } from './recording-clock';

describe('counterStep', () => {
  const wraps = { ...DEFAULT_MAPPING.counter, modulus: 65_536 };
  it.each([
    [null, '5', DEFAULT_MAPPING.counter, { kind: 'baseline', value: 5, delta: 0 }],
    [5, 7, DEFAULT_MAPPING.counter, { kind: 'counted', value: 7, delta: 2 }],
    [5, '7.000', DEFAULT_MAPPING.counter, { kind: 'counted', value: 7, delta: 2 }],
    [5, '5', DEFAULT_MAPPING.counter, { kind: 'counted', value: 5, delta: 0 }],
    [5, '0', DEFAULT_MAPPING.counter, { kind: 'reset', value: 0, delta: 0 }],
    [12, '5', DEFAULT_MAPPING.counter, { kind: 'reset', value: 5, delta: 5 }],
    [12, '5', { ...DEFAULT_MAPPING.counter, zeroBased: false }, { kind: 'reset', value: 5, delta: 0 }],
    [65_530, 4, wraps, { kind: 'wrapped', value: 4, delta: 10 }],
    [60_000, 4, wraps, { kind: 'reset', value: 4, delta: 4 }],
    [5, '', DEFAULT_MAPPING.counter, { kind: 'unreadable' }],
    [5, 'NaN', DEFAULT_MAPPING.counter, { kind: 'unreadable' }],
    [5, '-1', DEFAULT_MAPPING.counter, { kind: 'unreadable' }],
    [5, '1e3', DEFAULT_MAPPING.counter, { kind: 'unreadable' }],
    [5, '99999999999999999999', DEFAULT_MAPPING.counter, { kind: 'unreadable' }],
    [5, 1.5, DEFAULT_MAPPING.counter, { kind: 'unreadable' }],
    [5, true, DEFAULT_MAPPING.counter, { kind: 'unreadable' }],
  ])('from %j to %j', (baseline, value, counter, expected) => {
    expect(counterStep(baseline, value, counter)).toEqual(expected);
  });
});

describe('the window of duplicates', () => {
  it('agrees with a set, in any order within the window', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 200 }), ([first, ...rest]) => {
        let window = openWindow(first!);
        const seen = new Set([first]);
        for (const seq of rest) {
          const next = seeInWindow(window, seq);
          // What lies before the session's first position came before the window was opened.
          expect(next !== null).toBe(!seen.has(seq) && seq > first!);
          if (next !== null) window = next;
          seen.add(seq);
        }
      }),
    );
  });

  it('takes what lies too far back as seen, and forgets the oldest holes', () => {
    let window = openWindow(0);
    for (let seq = 2; seq <= 2 * WINDOW; seq += 2) window = seeInWindow(window, seq)!;
    expect(window.holes).toHaveLength(64);
    expect(seeInWindow(window, 1)).toBeNull();
    expect(seeInWindow(window, 2 * WINDOW - 1)).not.toBeNull();
  });
});

describe('the clock of a recording', () => {
  const at = (text: string) => Date.parse(`2026-02-17T${text}Z`);
  it.each([
    [
      'steps back leave it alone',
      [at('10:00:00'), at('09:58:00'), at('10:01:00')],
      [at('10:00:00'), at('10:00:00'), at('10:01:00')],
    ],
    [
      'one wild stamp is not believed',
      [at('10:00:00'), Date.parse('2099-01-01'), at('10:00:05')],
      [at('10:00:00'), at('10:00:00'), at('10:00:05')],
    ],
    [
      'a leap that the next stamp confirms is',
      [at('10:00:00'), Date.parse('2099-01-01'), Date.parse('2099-01-02')],
      [at('10:00:00'), at('10:00:00'), Date.parse('2099-01-02')],
    ],
  ])('%s', (_, stamps, expected) => {
    let clock = startRecordingClock(stamps[0]!);
    const seen = [clock.now];
    for (const stamp of stamps.slice(1)) {
      clock = advanceRecordingClock(clock, stamp);
      seen.push(clock.now);
    }
    expect(seen).toEqual(expected);
  });
});
