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
