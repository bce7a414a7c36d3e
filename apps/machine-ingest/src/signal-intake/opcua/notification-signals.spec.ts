import type { Signal } from '@millrace/domain';
import type { EventFields } from './condition-event';
import { ConditionMemory } from './condition-memory';
import { conditionOf, END, HANDLE, LOST, messageOf, START, watchOf } from './events.fixture';
import { abandonedSignals, signalsOf } from './notification-signals';
import { SignalWriter } from './signal-writer';

/** A source that reads a server, with a clock that only the test moves. */
class Scene {
  now = 0;
  asked = 0;
  readonly counts: string[] = [];
  readonly watch = watchOf();
  readonly writer = new SignalWriter({ tenant: 'default', source: 'press', monotonic: () => 0 });
  readonly conditions = new ConditionMemory([]);

  async read(...events: readonly EventFields[]): Promise<unknown[]> {
    const { writer, conditions, watch, counts, now } = this;
    const reading = {
      writer,
      conditions,
      session: {} as never,
      watch,
      count: (name: string) => counts.push(name),
      refreshRequired: () => this.ask(),
      now,
    };
    return briefly(await signalsOf(reading, messageOf(...events), 0));
  }

  ask(): void {
    this.asked++;
    this.watch.refreshes.asked([HANDLE], this.now);
  }

  abandoned(): unknown[] {
    return briefly(abandonedSignals(this, this.watch, this.now, 0));
  }
}

const briefly = (signals: readonly Signal[]): unknown[] =>
  signals.map(({ path, value }) => (path === '$gap' ? path : `${path} ${(value as { level: string }).level}`));

describe('events of a server', () => {
  it('that found no room in its queue are a gap, and all conditions are asked for', async () => {
    const scene = new Scene();
    expect(await scene.read(LOST)).toEqual(['$gap']);
    expect([scene.asked, scene.counts]).toEqual([1, ['overflows']]);
  });

  it('that its own answer has pushed out are not asked for again', async () => {
    const scene = new Scene();
    await scene.read(LOST);
    for (let round = 0; round < 100 && scene.asked > round; round++) {
      scene.now += 1_000;
      // Its queue has room for fewer than it names: what came first is gone.
      expect(await scene.read(LOST, conditionOf(`Late ${round}`, true), END)).toEqual([
        '$gap',
        `Press/Late ${round} WARNING`,
      ]);
    }
    scene.now += 60_000;
    expect([scene.asked, scene.watch.refreshes.isDue(scene.now)]).toEqual([1, false]);
  });

  it('that are lost again and again are asked for once in 30 s, the last of them too', async () => {
    const scene = new Scene();
    for (; scene.now < 90_000; scene.now += 1_000) {
      await scene.read(LOST);
      await scene.read(START, END);
    }
    expect(scene.asked).toBe(3);
    expect(scene.watch.refreshes.isDue(scene.now - 1_000)).toBe(false);
    expect(scene.watch.refreshes.isDue(scene.now)).toBe(true);
  });
});

describe('conditions that a server names', () => {
  it('and those that it names no more are told at the end', async () => {
    const scene = new Scene();
    await scene.read(conditionOf('Door', true), conditionOf('Oil', true));
    expect(await scene.read(START, conditionOf('Door', true))).toEqual([]);
    expect(await scene.read(END)).toEqual(['Press/Door WARNING', 'Press/Oil NORMAL']);
  });

  it('have not ended where some of what it names is lost', async () => {
    const scene = new Scene();
    await scene.read(conditionOf('Door', true), conditionOf('Oil', true));
    expect(await scene.read(START, conditionOf('Door', true))).toEqual([]);
    expect(await scene.read(LOST, END)).toEqual(['Press/Door WARNING', '$gap']);
  });

  it('are told where it goes on no more and says no end', async () => {
    const scene = new Scene();
    await scene.read(conditionOf('Oil', true));
    await scene.read(START, conditionOf('Door', true));
    scene.now = 9_000;
    await scene.read(conditionOf('Door', false));
    scene.now = 18_000;
    expect(scene.abandoned()).toEqual([]);
    scene.now = 19_000;
    expect(scene.abandoned()).toEqual(['Press/Door WARNING', 'Press/Door NORMAL']);
    expect(scene.abandoned()).toEqual([]);
    expect(await scene.read(conditionOf('Oil', false), END)).toEqual(['Press/Oil NORMAL']);
  });
});
