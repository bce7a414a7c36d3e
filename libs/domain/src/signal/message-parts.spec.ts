import fc from 'fast-check';
import { type MachineState, STATE_LIMITS } from './machine-state';
import type { Signal } from './signal';
import { fold, numbered } from './signals.fixture';

/** `path` is not known to the mapping: what counts is whether the signal was a duplicate. */
const part = (seq: number, idx: number, over: Partial<Signal> = {}) =>
  numbered(seq, seq, 'x', seq, { source: 'file', session: 'f', idx, ...over });

/** Whether each was taken for new, and the state after all. */
const play = (signals: readonly Signal[], from?: MachineState) => {
  let state = from;
  const fresh = signals.map((one, n) => {
    const before = state?.counts.duplicates ?? 0;
    state = fold([one], state === undefined ? undefined : (JSON.parse(JSON.stringify(state)) as MachineState), n).state;
    return state.counts.duplicates === before;
  });
  return { fresh, state: state! };
};
const sessionOf = (state: MachineState) => state.sessions['file\nf']!;

describe('the parts of messages', () => {
  const row = (seq: number, columns = 64) => Array.from({ length: columns }, (_, idx) => part(seq, idx));

  it('of a wide file leave the windows of other sources alone', () => {
    const agent = Array.from({ length: 10 }, (_, seq) =>
      numbered(seq, seq, 'execution', seq % 2 === 0 ? 'ACTIVE' : 'READY', { source: 'agent' }),
    );
    const { told, state } = fold([...agent, ...[0, 1, 2].flatMap((seq) => row(seq)), ...agent]);
    expect(told.filter(({ type }) => type === 'machine.status_changed')).toHaveLength(10);
    expect(state.counts.duplicates).toBe(10);
    expect(Object.keys(state.sessions)).toHaveLength(2);
  });

  it('are told apart over the whole window, and cost two steps where rows are alike', () => {
    const rows = Array.from({ length: 1_000 }, (_, seq) => row(seq, 4)).flat();
    const { state } = fold([...rows, ...row(1_000, 2)]);
    expect(sessionOf(state)).toMatchObject({
      window: { high: 1_000, holes: [] },
      parts: [
        [0, 'f'],
        [1_000, '3'],
      ],
    });
    expect(fold([...row(1, 4), ...rows, ...row(1_000, 4)], state, 9_000).state.counts.duplicates).toBe(4_006);
  });

  it('come column by column, too', () => {
    const columns = [0, 1, 2].flatMap((idx) => Array.from({ length: 500 }, (_, seq) => part(seq, idx)));
    const { state } = fold(columns);
    expect(state.counts.duplicates).toBe(0);
    expect(fold(columns, state, 2_000).state.counts.duplicates).toBe(1_500);
  });

  it('cost nothing where no message has any', () => {
    const { state } = fold([part(0, 0), part(2, 0), part(1, 0), part(2, 0)]);
    expect(sessionOf(state)).not.toHaveProperty('parts');
    expect(state.counts.duplicates).toBe(1);
  });

  it('agree with a set: none twice, none lost of what comes within 16 messages', () => {
    const messages = fc.array(
      fc.record({ idx: fc.nat({ max: 63 }), seq: fc.nat({ max: 1_000 }), back: fc.nat({ max: 16 }) }),
      { minLength: 1, maxLength: 150 },
    );
    fc.assert(
      fc.property(messages, fc.boolean(), (all, straight) => {
        // Seldom far: the highest goes on by one, and each is up to `back` behind it.
        const seqs = all.map(({ seq, back }, n) => (straight ? seq : Math.max(0, n - back)));
        const signals = all.map(({ idx }, n) => part(seqs[n]!, n === 0 ? 0 : idx));
        const first = seqs[0]!;
        const seen = new Set<string>();
        play(signals).fresh.forEach((isNew, n) => {
          const { seq, idx } = signals[n]!;
          const again = seen.has(`${seq} ${idx}`);
          if (again) expect(isNew).toBe(false);
          else if (!straight && seq! >= first) expect(isNew).toBe(true);
          seen.add(`${seq} ${idx}`);
        });
      }),
    );
  });

  it('of a late message are all taken, although more has come than is remembered', () => {
    const odd = Array.from({ length: 200 }, (_, n) => part(n < 20 ? n : n + 1, 1 + (n % 63)));
    const { fresh, state } = play([...odd, part(20, 0), part(20, 5), part(20, 63), part(20, 5)]);
    expect(fresh.slice(-4)).toEqual([true, true, true, false]);
    expect(sessionOf(state).parts!.length).toBeLessThanOrEqual(64);
  });
});

it('of too many sessions, one of the source that has the most makes room', () => {
  const agent = numbered(0, 0, 'x', 1, { source: 'agent' });
  const files = Array.from({ length: 3 * STATE_LIMITS.sessions }, (_, n) => part(0, 0, { session: `f${n}` }));
  const { state } = fold([agent, ...files, agent]);
  expect(state.counts.duplicates).toBe(1);
  expect(Object.keys(state.sessions)).toHaveLength(STATE_LIMITS.sessions);
});
