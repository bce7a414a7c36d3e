import { foldSignal } from './fold-signal';
import { type MachineState, newMachineState } from './machine-state';
import type { Signal } from './signal';
import { START, signal } from './signals.fixture';

const DAY = 86_400_000;
const play = (signals: readonly (readonly [Signal, number | undefined])[]) =>
  signals.reduce<{ state: MachineState; types: string[] }>(
    ({ state, types }, [one, timestamp], n) => {
      const position = { partition: 0, offset: BigInt(n), ...(timestamp === undefined ? {} : { timestamp }) };
      const folded = foldSignal(state, one, position, () => null);
      return { state: folded.state, types: [...types, ...folded.events.map(({ type }) => type)] };
    },
    { state: newMachineState('default', 'RF-1'), types: [] },
  );
const config = (ms: number) => signal(ms, '$config', 'removed', { kind: 'lifecycle', sourceTs: null });

describe('a recording that is played into the log', () => {
  it.each([
    ['months later', 60 * DAY, true],
    ['after an outage of Kafka', 3_600_000, false],
    ['as it happens', 20, false],
    ['in no log at all', undefined, false],
  ])('%s', (_, after, expected) => {
    const { state } = play([[signal(0, 'execution', 'ACTIVE'), after === undefined ? undefined : START + after]]);
    expect(state.played).toBe(expected);
  });

  it('keeps its own time when a mapping is put in force, before it and in its middle', () => {
    const { state } = play([
      [config(60 * DAY), START + 60 * DAY],
      [signal(0, 'execution', 'ACTIVE'), START + 60 * DAY],
      [config(60 * DAY), START + 60 * DAY],
      [signal(1_000, 'execution', 'READY'), START + 60 * DAY],
    ]);
    expect(state.at).toBe(START + 1_000);
    expect(state.played).toBe(true);
  });

  it('is over when the machine is heard live', () => {
    const { state } = play([
      [signal(0, 'execution', 'ACTIVE'), START + 60 * DAY],
      [signal(60 * DAY, 'execution', 'READY'), START + 60 * DAY + 5],
    ]);
    expect(state.played).toBe(false);
  });
});
