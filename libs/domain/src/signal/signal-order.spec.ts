import fc from 'fast-check';
import { openWindow, seeInWindow, WINDOW } from './duplicate-window';
import { advanceRecordingClock, startRecordingClock } from './recording-clock';

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
  /** What the clock says at each stamp: the recording's time, and evaluation time where that is another. */
  const told = (stamps: readonly number[]) => {
    let clock = startRecordingClock(stamps[0]!);
    return stamps.map((stamp, n) => {
      if (n > 0) clock = advanceRecordingClock(clock, stamp);
      return clock.now === clock.written ? clock.now : [clock.written, clock.now];
    });
  };
  const wild = Date.parse('2099-01-01');
  const confirmed = Date.parse('2099-01-02');

  it.each([
    [
      'small steps back leave it alone',
      [at('10:00:00'), at('09:58:00'), at('10:01:00')],
      [at('10:00:00'), at('10:00:00'), at('10:01:00')],
    ],
    [
      'one wild stamp is not believed',
      [at('10:00:00'), wild, at('10:00:05')],
      [at('10:00:00'), at('10:00:00'), at('10:00:05')],
    ],
    [
      'one stamp of the past is not believed',
      [at('10:00:00'), at('07:00:00'), at('10:00:05')],
      [at('10:00:00'), at('10:00:00'), at('10:00:05')],
    ],
    [
      'a leap that the next stamp confirms is',
      [at('10:00:00'), wild, confirmed],
      [at('10:00:00'), at('10:00:00'), confirmed],
    ],
    [
      'an earlier time goes on at its pace, and evaluation time with it',
      [at('10:00:00'), at('08:00:00'), at('08:00:02'), at('08:10:00'), at('11:00:00')],
      [
        at('10:00:00'),
        at('10:00:00'),
        [at('08:00:02'), at('10:00:02')],
        [at('08:10:00'), at('10:10:00')],
        at('11:00:00'),
      ],
    ],
    [
      'what comes back to the time before the leap is as it was',
      [at('10:00:00'), at('08:00:00'), at('08:00:02'), at('10:00:30'), at('10:00:31')],
      [at('10:00:00'), at('10:00:00'), [at('08:00:02'), at('10:00:02')], at('10:00:30'), at('10:00:31')],
    ],
  ])('%s', (_, stamps, expected) => {
    expect(told(stamps)).toEqual(expected);
  });

  it('never lets evaluation time fall, nor lie before the time of the recording', () => {
    const stamps = fc.array(fc.integer({ min: 0, max: 200 * 86_400_000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(stamps, (all) => {
        let clock = startRecordingClock(all[0]!);
        for (const stamp of all) {
          const next = advanceRecordingClock(clock, stamp);
          expect(next.now).toBeGreaterThanOrEqual(clock.now);
          expect(next.now).toBeGreaterThanOrEqual(next.written);
          clock = next;
        }
      }),
    );
  });
});
