import type { DeliveryTask, Ordering } from '@millrace/domain';
import type { DeliveryFact } from '@millrace/protocol';
import fc from 'fast-check';
import { answer, DispatcherWorld, endpoint, refusal, task, topics } from './dispatcher.fixture';

type Step =
  | { readonly act: 'give'; readonly key: string }
  | { readonly act: 'answer'; readonly with: 'fine' | 'fails' | 'refuses' | 'hangs' }
  | { readonly act: 'status'; readonly to: 'active' | 'paused' }
  | { readonly act: 'restart' | 'settle' }
  | { readonly act: 'regain' | 'acknowledge'; readonly rounds: number }
  | { readonly act: 'ordering'; readonly to: Ordering }
  | { readonly act: 'pass'; readonly ms: number }
  | { readonly act: 'retries' }
  | { readonly act: 'cancel' | 'retry'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ act: fc.constant('give' as const), key: fc.constantFrom('a', 'b', 'c') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('answer' as const),
      with: fc.constantFrom('fine' as const, 'fails' as const, 'refuses' as const, 'hangs' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('status' as const),
      to: fc.constantFrom('active' as const, 'paused' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('restart' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constantFrom('regain' as const, 'acknowledge' as const),
      rounds: fc.constantFrom(0, 1, 2, 3, 5, 30),
    }),
  },
  { weight: 4, arbitrary: fc.record({ act: fc.constantFrom('settle' as const, 'retries' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('pass' as const), ms: fc.constantFrom(10, 300, 5_000, 60_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constantFrom('cancel' as const, 'retry' as const), which: fc.nat(30) }),
  },
);

/** What the history would know of a delivery when a command is given. */
interface KnownState {
  readonly expectedEpoch: number;
  readonly attempt: number;
  readonly recordOffset: number | null;
}

/** Longer than a command or a record waits for another look; whatever waits by the test's clock needs no timer. */
const LONGEST_TIMER_MS = 60;

/** A site on paper: the retry tiers are a list that the test empties, the clock and the timers are the test's. */
class Site {
  readonly world: DispatcherWorld;
  private version = 1;
  private given = 0;
  private told = 0;
  private readonly tiers: DeliveryTask[] = [];
  private readonly keys = new Map<string, string>();
  /** Deliveries in the order of their first success, by key. */
  readonly arrived = new Map<string, number[]>();
  private mood: 'fine' | 'fails' | 'refuses' | 'hangs' = 'fine';

  constructor(private ordering: Ordering) {
    this.world = new DispatcherWorld(endpoint({ ordering }), [], { queuePerEndpoint: 6 });
    this.world.answerTo = (id) => {
      if (this.mood === 'fails') return answer(500);
      if (this.mood === 'refuses') return refusal;
      if (this.mood === 'hangs') return 'hangs';
      const key = this.keys.get(id)!;
      const n = Number(id.slice(1));
      const order = this.arrived.get(key) ?? [];
      if (!order.includes(n)) order.push(n);
      this.arrived.set(key, order);
      return answer(200);
    };
  }

  async take(each: Step): Promise<void> {
    const { world } = this;
    switch (each.act) {
      case 'give': {
        const id = `d${++this.given}`;
        this.keys.set(id, each.key);
        world.give(task({ deliveryId: id, subject: each.key }));
        break;
      }
      case 'answer':
        this.mood = each.with;
        break;
      case 'status':
        world.change(endpoint({ ordering: this.ordering, status: each.to, version: ++this.version }));
        break;
      case 'restart':
        await world.restart(this.watermark());
        break;
      case 'regain':
        await world.regain(this.watermark(), each.rounds);
        break;
      case 'acknowledge':
        await world.settleDown(each.rounds);
        break;
      case 'ordering':
        this.ordering = each.to;
        world.change(endpoint({ ordering: this.ordering, version: ++this.version }));
        break;
      case 'settle':
        await world.settleDown();
        break;
      case 'pass':
        await this.pass(each.ms);
        break;
      case 'retries':
        this.collect();
        for (const due of this.tiers.splice(0)) world.give({ ...due, remainingDelayMs: 0 });
        break;
      case 'cancel':
      case 'retry': {
        const known = this.lastFact(`d${each.which}`);
        if (known) world.command({ kind: each.act, deliveryId: `d${each.which}`, ...known });
        break;
      }
    }
  }

  /** Everything is well now: what is open comes to its end. */
  async calm(): Promise<void> {
    this.mood = 'fine';
    for (const end of this.world.hanging.splice(0)) end(answer(500));
    this.world.change(endpoint({ ordering: this.ordering, version: ++this.version }));
    await this.world.settleDown();
    for (let round = 0; round < 400 && this.open().length > 0; round++) {
      await this.pass(700_000);
      await this.take({ act: 'retries' });
      await this.world.settleDown();
    }
    await this.world.settleDown();
  }

  /** Deliveries that have not ended. */
  open(): string[] {
    const last = new Map<string, { epoch: number; ended: boolean }>();
    for (const fact of this.world.facts) {
      if (fact.kind === 'created' || fact.kind === 'command-refused') continue;
      const held = last.get(fact.deliveryId);
      if (held && (held.epoch > fact.epoch || (held.epoch === fact.epoch && held.ended))) continue;
      last.set(fact.deliveryId, { epoch: fact.epoch, ended: isEnd(fact) });
    }
    return [...this.keys.keys()].filter((id) => !last.get(id)?.ended);
  }

  private async pass(ms: number): Promise<void> {
    jest.advanceTimersByTime(Math.min(ms, LONGEST_TIMER_MS));
    await this.world.pass(ms);
  }

  private collect(): void {
    for (; this.told < this.world.tasks.length; this.told++) {
      const { topic } = this.world.tasks[this.told]!;
      const [sent] = this.world.sent(topic, this.told);
      if (sent && (topic.startsWith('t.retry.') || topic === topics.deliveries)) this.tiers.push(sent);
    }
  }

  private watermark(): number {
    const finished = new Set(
      this.world.happened.flatMap((each) => (each.startsWith('finished ') ? [Number(each.slice(9))] : [])),
    );
    let offset = 0;
    while (finished.has(offset)) offset++;
    return offset;
  }

  private lastFact(id: string): KnownState | undefined {
    return this.world.facts
      .filter((fact) => fact.deliveryId === id)
      .reduce<KnownState | undefined>((known, fact) => {
        if (fact.kind === 'attempt-started' || fact.kind === 'parked')
          return { expectedEpoch: fact.epoch, attempt: fact.attempt, recordOffset: fact.recordOffset };
        return fact.kind === 'reopened' && known
          ? { expectedEpoch: fact.epoch, attempt: 0, recordOffset: known.recordOffset }
          : known;
      }, undefined);
  }
}

const isEnd = (fact: DeliveryFact): boolean =>
  fact.kind === 'ended' || (fact.kind === 'attempt-finished' && fact.result.kind !== 'retry');

const changing: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: step },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('ordering' as const),
      to: fc.constantFrom('none' as const, 'key' as const, 'strict' as const),
    }),
  },
);

describe('whatever happens, in whatever order', () => {
  // Rounds that are counted cannot wait for a timer of the machine, and a history has to go the same way each time.
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ['setImmediate', 'clearImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'],
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each(['none', 'key', 'strict'] as const)(
    'every delivery ends, with ordering "%s"',
    async (ordering) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          const site = new Site(ordering);
          for (const each of steps) await site.take(each);
          await site.calm();
          expect(site.open()).toEqual([]);
          expect([...site.world.states.keys()].filter((key) => !key.startsWith('fence/'))).toEqual([]);
          if (ordering !== 'none' && !steps.some(({ act }) => act === 'retry' || act === 'cancel'))
            for (const order of site.arrived.values()) expect(order).toEqual([...order].sort((a, b) => a - b));
        }),
        { numRuns: Number(process.env['HISTORIES'] ?? 60) },
      );
    },
    120_000,
  );

  // Histories that broke the order once.
  it.each<[string, Step[]]>([
    [
      'a record that was queued is parked after one of its key that is parked already, while the partition comes back',
      [
        ...['b', 'a', 'c', 'c'].map((key) => ({ act: 'give' as const, key })),
        { act: 'give', key: 'a' },
        { act: 'answer', with: 'refuses' },
        { act: 'regain', rounds: 2 },
        { act: 'give', key: 'a' },
      ],
    ],
  ])('keeps the order of each key when %s', async (_, steps) => {
    const site = new Site('key');
    for (const each of steps) await site.take(each);
    await site.calm();
    expect(site.open()).toEqual([]);
    expect(site.arrived.get('c')).toEqual([3, 4]);
    for (const order of site.arrived.values()) expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  // Histories that left deliveries waiting for ever, or a key held, once.
  it.each<[string, Step[]]>([
    [
      'is changed and changed back while one is under way',
      [
        { act: 'give', key: 'b' },
        { act: 'give', key: 'b' },
        { act: 'ordering', to: 'none' },
        { act: 'status', to: 'paused' },
        { act: 'answer', with: 'refuses' },
        { act: 'acknowledge', rounds: 2 },
        { act: 'answer', with: 'fine' },
        { act: 'status', to: 'active' },
        { act: 'ordering', to: 'key' },
        { act: 'give', key: 'a' },
      ],
    ],
    [
      'ends while the head of a key is under way',
      [
        { act: 'answer', with: 'refuses' },
        { act: 'give', key: 'a' },
        { act: 'restart' },
        { act: 'answer', with: 'hangs' },
        { act: 'retries' },
        { act: 'settle' },
        { act: 'pass', ms: 10 },
        { act: 'pass', ms: 10 },
        { act: 'give', key: 'a' },
        { act: 'ordering', to: 'none' },
      ],
    ],
  ])('every delivery ends, and no key stays held, when the ordering %s', async (_, steps) => {
    const site = new Site('key');
    for (const each of steps) await site.take(each);
    await site.calm();
    expect(site.open()).toEqual([]);
    expect([...site.world.states.keys()].filter((key) => !key.startsWith('fence/'))).toEqual([]);
  });

  it('every delivery ends, however the ordering changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(changing, { minLength: 5, maxLength: 40 }), async (steps) => {
        const site = new Site('key');
        for (const each of steps) await site.take(each);
        await site.calm();
        expect(site.open()).toEqual([]);
        expect([...site.world.states.keys()].filter((key) => !key.startsWith('fence/'))).toEqual([]);
      }),
      { numRuns: Number(process.env['HISTORIES'] ?? 60) },
    );
  }, 120_000);
});
