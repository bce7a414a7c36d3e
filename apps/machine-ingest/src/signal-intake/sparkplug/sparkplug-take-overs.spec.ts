import { foldSignal, type MachineState, newMachineState, type Signal } from '@millrace/domain';
import { EdgeSession } from '@millrace/sparkplug';
import fc from 'fast-check';
import { KeptByTheBroker, type KilledAt } from './kept-by-the-broker.fixture';
import { sparkplugSettings } from './sparkplug-settings';

/** Whoever goes on for a process that was killed: what the broker sends again, and what it does not. */
const START = Date.parse('2026-01-05T06:00:00Z');
const settings = sparkplugSettings.parse({
  url: 'mqtt://broker',
  machines: [{ machine: 'm', group: 'G', node: 'E', device: 'D' }],
});

/** An edge node that counts; what it says goes to the broker. */
class Node {
  count = 0;
  /** Payload of each count, base64. */
  readonly payloads = new Map<number, string>();
  private session: EdgeSession;
  private will;
  private bdSeq = 0;

  constructor(
    private readonly world: KeptByTheBroker,
    /** QoS of its next message. */
    private readonly qos: () => 0 | 1 = () => 1,
    private readonly cursorStored: () => boolean = () => false,
    /** Between one message and the next, ms. */
    private readonly pauseMs = 0,
  ) {
    this.session = this.begin();
    this.will = this.session.death(this.world.now);
    this.births();
  }

  births(): void {
    for (const message of this.session.births(this.world.now)) this.say(message);
  }

  data(times: number): void {
    for (let n = 0; n < times; n++) {
      const message = this.session.data('D', { Count: ++this.count }, this.world.now);
      this.payloads.set(this.count, Buffer.from(message.payload).toString('base64'));
      this.say(message);
    }
  }

  /** Its device is gone, and says something before it is born again. */
  reborn(): void {
    this.say(this.session.deviceDeath('D', this.world.now));
    this.data(2);
    this.births();
  }

  restart(): void {
    this.world.publish(this.will);
    this.world.now += this.pauseMs;
    this.bdSeq++;
    this.session = this.begin();
    this.will = this.session.death(this.world.now);
    this.births();
  }

  private begin(): EdgeSession {
    const devices = { D: [{ name: 'Count', type: 'Int32', value: this.count }] } as const;
    return new EdgeSession({ group: 'G', node: 'E', aliases: true, metrics: [], devices }, this.bdSeq % 256);
  }

  private say(message: ReturnType<EdgeSession['death']>): void {
    this.world.now += this.pauseMs;
    if (this.qos() === 1) this.world.publish(message);
    else this.world.publishUnkept(message, this.cursorStored());
  }
}

/** What the fold takes as new, in its order. */
const folded = (log: readonly Signal[]): { readonly taken: Signal[]; readonly state: MachineState } => {
  let state = newMachineState('default', 'm');
  const taken = log.filter((signal, offset) => {
    const before = state.counts.duplicates;
    state = foldSignal(state, signal, { partition: 0, offset: BigInt(offset) }, () => null).state;
    return state.counts.duplicates === before;
  });
  return { taken, state };
};

const countsIn = (signals: readonly Signal[]): unknown[] =>
  signals.filter(({ path, flags }) => path === 'Count' && !flags.includes('snapshot')).map(({ value }) => value);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

const killedAt = fc.constantFrom<KilledAt>(
  'nothing is stored',
  'some signals are stored',
  'all signals are stored',
  'the cursor is stored',
  'some acknowledgements have gone',
);

type Happening =
  | { readonly kind: 'data'; readonly times: number }
  | { readonly kind: 'take'; readonly most: number; readonly killed: KilledAt | null; readonly part: number }
  | { readonly kind: 'births' | 'device' | 'restart' | 'kill' | 'time' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('data' as const),
      times: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(127, 128, 255, 256, 257, 300)),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      most: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(128, 256, 400)),
      killed: fc.option(killedAt),
      part: fc.constantFrom(0, 0.3, 0.7, 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('births', 'device', 'restart', 'kill', 'time') }),
  },
);

const happen = (world: KeptByTheBroker, node: Node, what: Happening): void => {
  world.now += 13;
  switch (what.kind) {
    case 'data':
      node.data(what.times);
      break;
    case 'take':
      world.take(what.most, what.killed, what.part);
      break;
    case 'births':
      node.births();
      break;
    case 'device':
      node.reborn();
      break;
    case 'restart':
      node.restart();
      break;
    case 'kill':
      world.kill();
      break;
    case 'time':
      world.pass(1_000);
  }
};

const drain = (world: KeptByTheBroker): void => {
  for (let before = -1; world.waiting !== before; ) {
    before = world.waiting;
    world.take(500);
  }
};

it('what an edge node says at QoS 1 is seen once and in order, wherever processes are killed', () => {
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 40 }),
      fc.constantFrom(20, 100, 500),
      fc.constantFrom(0, 0.5, 0.9),
      (happenings, inFlight, random) => {
        const world = new KeptByTheBroker(settings, START, inFlight, { random: () => random });
        const node = new Node(world);
        for (const what of happenings) happen(world, node, what);
        drain(world);
        expect(world.waiting).toBe(0);
        const { taken } = folded(world.log);
        expect(countsIn(taken)).toEqual(upTo(node.count));
        expect(taken.filter(({ path, flags }) => path === '$gap' || flags.includes('late'))).toEqual([]);
        expect([world.refused, taken.filter(({ value }) => value === 'disconnected')]).toEqual([[], []]);
      },
    ),
    { numRuns: 150 },
  );
});

it('what waited for a birth is not lost when its next listener is killed before it has come again', () => {
  const world = new KeptByTheBroker(settings, START, 20);
  const node = new Node(world);
  node.data(14);
  world.now += 13;
  node.reborn();
  world.take(128, 'the cursor is stored');
  world.take(1, 'the cursor is stored');
  drain(world);
  const { taken } = folded(world.log);
  expect(countsIn(taken)).toEqual(upTo(16));
  expect(taken.filter(({ path }) => path === '$gap')).toEqual([]);
});

it('a birth that comes again without a mark gives no message the place of another', () => {
  const world = new KeptByTheBroker(settings, START, 20, { unmarked: true });
  const node = new Node(world);
  world.take(1);
  node.data(1);
  world.now += 13;
  node.births();
  world.take(3, 'the cursor is stored');
  node.data(9);
  drain(world);
  expect(new Set(countsIn(folded(world.log).taken))).toEqual(new Set(upTo(10)));
});

it('nor do births that come again without a mark after what was said before them', () => {
  const world = new KeptByTheBroker(settings, START, 20, { unmarked: true });
  const node = new Node(world);
  world.now += 13;
  node.reborn();
  world.now += 13;
  node.births();
  node.data(7);
  world.take(10, 'some acknowledgements have gone', 0.3);
  drain(world);
  expect(new Set(countsIn(folded(world.log).taken))).toEqual(new Set(upTo(9)));
});

it('what a broker sends again without saying so is told again rather than lost', () => {
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 40 }),
      fc.constantFrom(20, 100, 500),
      fc.constantFrom(0, 0.9),
      (happenings, inFlight, random) => {
        const world = new KeptByTheBroker(settings, START, inFlight, { random: () => random, unmarked: true });
        // Of one moment, and without a mark, what was said before a birth is not told apart from what was said after it.
        const node = new Node(
          world,
          () => 1,
          () => false,
          1,
        );
        for (const what of happenings) happen(world, node, what);
        let answered = 0;
        for (let quiet = 0; quiet < 40; quiet++) {
          drain(world);
          world.pass(1_000);
          if (world.waiting > 0) quiet = 0;
          if (world.asked.length === answered) continue;
          answered = world.asked.length;
          node.births();
          quiet = 0;
        }
        expect([world.waiting, world.refused.filter((code) => code !== 'no_birth')]).toEqual([0, []]);
        // Where there was no room to wait for a birth it is in the quarantine.
        const told = new Set(countsIn(folded(world.log).taken));
        const lost = [...node.payloads].filter(([n, bytes]) => !told.has(n) && !world.refusedPayloads.has(bytes));
        expect(lost).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

it('what is said of a birth that nobody has heard waits for the one that is asked for, whenever that is, and whoever is killed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 240 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.boolean(),
      fc.option(killedAt),
      (times, random, unmarked, killed) => {
        const world = new KeptByTheBroker(settings, START, 500, { random: () => random, unmarked });
        const devices = { D: [{ name: 'Count', type: 'Int32', value: 0 }] } as const;
        const node = new EdgeSession({ group: 'G', node: 'E', aliases: true, metrics: [], devices }, 0);
        node.births(world.now);
        for (let n = 1; n <= times; n++) world.publish(node.data('D', { Count: n }, world.now++));
        world.take(times, killed);
        drain(world);
        for (const end = world.now + 15_000; world.asked.length === 0 && world.now < end; ) world.pass(250);
        world.pass(1_000);
        for (const birth of node.births(world.now)) world.publish(birth);
        drain(world);
        expect([world.refused, countsIn(folded(world.log).taken)]).toEqual([[], upTo(times)]);
      },
    ),
    { numRuns: 60 },
  );
});

it('of more messages than a cursor is apart, and after many rounds of the numbers, none is mistaken for another', () => {
  const world = new KeptByTheBroker(settings, START, 500);
  const node = new Node(world);
  world.take(10);
  // As if it had been counted for days.
  const [born] = world.cursor!['nodes'] as Array<{ next: number }>;
  born!.next += 256 * 1_000_000;
  world.kill();
  for (let round = 0; round < 20; round++) {
    const cursor = world.cursor;
    node.data(700);
    for (let life = 0; life < 3; life++) {
      world.take(400, 'all signals are stored');
      expect(world.cursor).toBe(cursor);
    }
    drain(world);
  }
  expect(countsIn(folded(world.log).taken)).toEqual(upTo(20 * 700));
});

it('of a cursor of an earlier release, that does not know what is done with, no message is taken for another', () => {
  const world = new KeptByTheBroker(settings, START, 500);
  const node = new Node(world);
  world.take(10);
  const { settled: _settled, ...before } = world.cursor!;
  // It was stored each second, and what was acknowledged since does not come again.
  node.data(256);
  world.take(256);
  world.cursor = before;
  world.kill();
  node.data(50);
  drain(world);
  expect(countsIn(folded(world.log).taken)).toEqual(upTo(306));
});

it('of what it says at QoS 0 everything is seen once that any of the processes has stored', () => {
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 40 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
      (happenings, stored) => {
        const world = new KeptByTheBroker(settings, START, 100);
        let said = 0;
        const node = new Node(
          world,
          () => 0,
          () => stored[said++ % stored.length]! && said % 50 === 0,
        );
        for (const what of happenings) happen(world, node, what);
        drain(world);
        const { taken } = folded(world.log);
        const inLog = countsIn(world.log);
        expect(countsIn(taken)).toEqual(inLog);
        expect(new Set(inLog).size).toBe(inLog.length);
      },
    ),
    { numRuns: 100 },
  );
});

it('what waited in one session has no place in the next, whoever is killed', () => {
  const world = new KeptByTheBroker(settings, START, 100);
  let said = 0;
  const node = new Node(world, () => (said++ % 2 === 0 ? 1 : 0));
  node.data(8);
  world.now += 13;
  node.births();
  node.data(16);
  world.kill();
  world.take(6, 'the cursor is stored');
  drain(world);
  const { taken } = folded(world.log);
  expect(new Set(countsIn(taken))).toEqual(new Set(countsIn(world.log)));
});

it('what waited for a birth at QoS 0 takes no place from what waits at QoS 1 with the next process', () => {
  const levels = [0, 1, 1, 0] as const;
  const world = new KeptByTheBroker(settings, START, 100);
  let said = 0;
  const node = new Node(world, () => levels[said++ % levels.length]!);
  world.take(1, 'nothing is stored');
  node.data(127);
  world.now += 13;
  node.births();
  world.take(128, 'some signals are stored', 0.3);
  drain(world);
  const { taken } = folded(world.log);
  expect(new Set(countsIn(taken))).toEqual(new Set(countsIn(world.log)));
});

it('of an edge node that says some at QoS 0 and some at QoS 1 nothing that is stored is lost', () => {
  fc.assert(
    fc.property(
      fc.array(happening, { maxLength: 40 }),
      fc.array(fc.constantFrom<0 | 1>(0, 1), { minLength: 1, maxLength: 7 }),
      (happenings, levels) => {
        const world = new KeptByTheBroker(settings, START, 100);
        let said = 0;
        const node = new Node(world, () => levels[said++ % levels.length]!);
        for (const what of happenings) happen(world, node, what);
        drain(world);
        const { taken } = folded(world.log);
        expect(new Set(countsIn(taken))).toEqual(new Set(countsIn(world.log)));
      },
    ),
    { numRuns: 100 },
  );
});
