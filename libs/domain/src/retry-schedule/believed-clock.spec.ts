import fc from 'fast-check';
import { BelievedClock, CLOCK_DISAGREEMENT_MS, CLOCK_JUMP_MS, type ClockReading } from './believed-clock';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 1, 17, 14);

/** A machine beside a broker, in a time that passes by hand. */
class World {
  /** Ms of true time since the start. */
  passed = 0;
  /** What the clocks are off by. */
  wallOff = 0;
  monotonicOff = 5_000_000;
  brokerOff = 0;
  readonly clock: BelievedClock;

  constructor(wallOff = 0, brokerOff = 0) {
    this.wallOff = wallOff;
    this.brokerOff = brokerOff;
    this.clock = new BelievedClock(this.reading);
  }

  get reading(): ClockReading {
    return { wall: Math.floor(START + this.passed + this.wallOff), monotonic: this.passed + this.monotonicOff };
  }

  get brokerTime(): number {
    return START + this.passed + this.brokerOff;
  }

  get believed(): number {
    return this.clock.now(this.reading);
  }

  /** By how much the belief is ahead of the broker; more than 1 would be early. */
  get ahead(): number {
    return this.believed - this.brokerTime;
  }

  /** By how much what has passed, as the clock counts it, is ahead of what truly has. */
  get passedAhead(): number {
    return this.clock.passed(this.reading) - this.passed;
  }

  ask(roundTripMs = 4) {
    const sentAt = this.reading.monotonic;
    this.passed += roundTripMs / 2;
    const stamp = Math.floor(this.brokerTime);
    this.passed += roundTripMs / 2;
    return this.clock.correct(stamp, sentAt, this.reading);
  }
}

describe('the believed clock', () => {
  it('runs with the machine, to a fraction of a ms, and a broker that agrees moves nothing', () => {
    const world = new World();
    world.passed = 12.25;
    expect(world.ahead).toBe(0);
    expect(world.ask()).toEqual({ movedMs: 0, brokerAheadMs: 0, uncertaintyMs: 4 });
    world.passed += 1_000.5;
    expect(world.ahead).toBe(0);
    expect(world.clock.disagrees(world.reading)).toBe(false);
  });

  describe.each([
    ['an hour forward', HOUR],
    ['an hour back', -HOUR],
    ['eight days forward', 8 * DAY],
    ['eight days back', -8 * DAY],
    ['three seconds forward', 3_000],
    ['20 ms forward', 20],
    ['20 ms back', -20],
  ])('the wall clock is set %s', (_name, by) => {
    it('is not believed, is noticed, and is forgotten after one answer', () => {
      const world = new World();
      world.ask();
      world.passed += 1_000;
      world.wallOff += by;
      expect(world.ahead).toBeLessThanOrEqual(1);
      expect(world.clock.disagrees(world.reading)).toBe(true);
      world.ask();
      expect(Math.abs(world.ahead)).toBeLessThan(0.001);
      expect(world.clock.disagrees(world.reading)).toBe(false);
      world.passed += 100_000;
      expect(Math.abs(world.ahead)).toBeLessThan(0.001);
      expect(Math.abs(world.passedAhead)).toBeLessThan(0.001);
    });
  });

  it.each([
    ['the wall clock runs 10 % fast', 'wallOff' as const, 0.1],
    ['the wall clock runs 10 % slow', 'wallOff' as const, -0.1],
    ['the monotonic clock runs 10 % fast', 'monotonicOff' as const, 0.1],
    ['the monotonic clock runs 10 % slow', 'monotonicOff' as const, -0.1],
  ])('%s: never early, late by what came up since the last answer', (_name, clock, drift) => {
    const world = new World();
    for (let second = 0; second < 100; second++) {
      for (let step = 0; step < 100; step++) {
        world.passed += 10;
        world[clock] += 10 * drift;
        expect(world.ahead).toBeLessThanOrEqual(1.001);
        expect(world.ahead).toBeGreaterThan(-102);
        expect(Math.abs(world.passedAhead)).toBeLessThan(102);
      }
      expect(world.clock.disagrees(world.reading)).toBe(true);
      world.ask();
    }
  });

  it('catches up after the machine slept, when the broker says so', () => {
    const world = new World();
    world.ask();
    world.passed += HOUR;
    world.monotonicOff -= HOUR;
    expect(Math.round(world.ahead)).toBe(-HOUR);
    expect(Math.round(world.ask().movedMs)).toBe(HOUR);
    expect(Math.abs(world.ahead)).toBeLessThanOrEqual(5);
  });

  it.each([
    ['starts on a machine that is an hour fast', HOUR, 0],
    ['starts beside a broker that is an hour slow', 0, -HOUR],
    ['starts beside a broker that is three seconds fast', 0, 3_000],
  ])('%s: goes by the broker, and is not ahead of it', (_name, wallOff, brokerOff) => {
    const world = new World(wallOff, brokerOff);
    world.ask();
    expect(world.ahead).toBeLessThanOrEqual(0);
    expect(world.ahead).toBeGreaterThanOrEqual(-4);
  });

  it('does not follow a broker whose clock alone is set forward, and tells of it', () => {
    const world = new World();
    world.ask();
    world.brokerOff += HOUR;
    const told = world.ask();
    expect(told.movedMs).toBe(0);
    expect(Math.round(told.brokerAheadMs / 1_000)).toBe(HOUR / 1_000);
    expect(world.ahead).toBe(-HOUR);
    world.brokerOff -= HOUR;
    expect(world.ask()).toMatchObject({ movedMs: 0, brokerAheadMs: 0 });
  });

  it('follows a broker whose clock is set back, from its next answer on', () => {
    const world = new World();
    world.ask();
    world.brokerOff -= HOUR;
    expect(Math.round(world.ask().movedMs / 1_000)).toBe(-HOUR / 1_000);
    expect(world.ahead).toBeLessThanOrEqual(0);
    // What has passed has passed all the same.
    expect(Math.abs(world.passedAhead)).toBeLessThan(0.001);
  });

  it('is never ahead of the broker while any one of our clocks does anything at all', () => {
    const set = fc.record({
      clock: fc.constantFrom('wall', 'monotonic' as const),
      by: fc.oneof(fc.integer({ min: -8 * DAY, max: 8 * DAY }), fc.integer({ min: -2 * CLOCK_JUMP_MS, max: 50 })),
    });
    const wait = fc.record({ pass: fc.integer({ min: 0, max: 30_000 }) });
    const ask = fc.record({ roundTrip: fc.integer({ min: 1, max: 8 }) });
    fc.assert(
      fc.property(fc.array(fc.oneof(set, wait, ask), { maxLength: 40 }), fc.boolean(), (steps, wallIsWrong) => {
        const world = new World();
        world.ask();
        let slack = 0;
        for (const step of steps) {
          if ('pass' in step) world.passed += step.pass;
          else if ('roundTrip' in step) {
            world.ask(step.roundTrip);
            // An answer allows what it took: our own clock is kept inside it.
            slack = Math.max(slack, step.roundTrip);
          } else if (wallIsWrong) world.wallOff += step.by;
          // A monotonic clock does not go back; it can stand, while the others go on.
          else {
            const slept = Math.abs(step.by);
            world.passed += slept;
            world.monotonicOff -= slept;
          }
          expect(world.ahead).toBeLessThanOrEqual(1 + slack);
          expect(world.passedAhead).toBeLessThanOrEqual(1 + slack);
        }
        // Nothing strands: one answer later the belief is the broker's time.
        world.ask(2);
        expect(world.ahead).toBeGreaterThanOrEqual(-2 - slack);
        world.passed += 5;
        expect(world.clock.disagrees(world.reading)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('asks the broker no sooner than clocks of whole milliseconds can tell', () => {
    const world = new World();
    for (let n = 0; n < 1_000; n++) {
      world.passed += 0.37;
      expect(world.clock.disagrees(world.reading)).toBe(false);
    }
    world.wallOff += CLOCK_DISAGREEMENT_MS + 1;
    expect(world.clock.disagrees(world.reading)).toBe(true);
  });
});
