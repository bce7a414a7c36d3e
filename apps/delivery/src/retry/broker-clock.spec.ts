import type { IncomingMessage, OutgoingMessage } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { BrokerClock, readClocks } from './broker-clock';

const START = Date.UTC(2026, 1, 17, 14);
const HOUR = 3_600_000;

beforeEach(() => jest.useFakeTimers({ now: START }));
afterEach(() => jest.useRealTimers());

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A broker that stamps what it is sent, and a machine whose clocks can be set. */
const world = () => {
  const begun = performance.now();
  const state = { wallOff: 0, brokerOff: 0, away: false, others: 0 };
  const log: IncomingMessage[] = [];
  const lines: string[] = [];
  const append = (value: Buffer | null) => {
    const timestamp = Math.floor(START + performance.now() - begun + state.brokerOff);
    log.push({ offset: BigInt(log.length), timestamp, value } as IncomingMessage);
  };
  const reach = () => (state.away ? Promise.reject(new Error('no broker')) : wait(1));
  const ports = {
    producer: {
      connect: async () => {},
      close: async () => {},
      send: async (messages: readonly OutgoingMessage[]) => {
        await reach();
        // Another process ticks too, just before.
        for (let n = 0; n < state.others; n++) append(Buffer.from('another'));
        append(messages[0]!.value);
        await wait(2);
      },
    },
    reader: {
      close: async () => {},
      ends: async () => {
        await reach();
        return new Map([[0, BigInt(log.length)]]);
      },
      fetch: async (_topic: string, _partition: number, from: bigint) => {
        await reach();
        const messages = log.slice(Number(from), Number(from) + 2);
        return { messages, next: from + BigInt(messages.length) };
      },
    },
    read: () => ({ wall: Math.floor(Date.now() + state.wallOff), monotonic: performance.now() - begun }),
  };
  const logger = {
    ...silentLogger,
    warn: (_fields: object, line: string) => void lines.push(line),
  };
  const clock = new BrokerClock(ports, 't.clock', logger);
  const broker = () => START + performance.now() - begun + state.brokerOff;
  return { clock, state, log, lines, broker };
};

describe('the broker clock', () => {
  it('has started when the broker has told its time', async () => {
    const { clock, state, broker, log } = world();
    state.wallOff = HOUR;
    let started = false;
    void clock.start().then(() => {
      started = true;
    });
    await pass(2);
    expect(started).toBe(false);
    expect(clock.health().reason).toMatch(/has not told/);
    await pass(10);
    expect(started).toBe(true);
    expect(clock.health()).toEqual({ alive: true, reason: null });
    expect(broker() - clock.now()).toBeGreaterThanOrEqual(0);
    expect(broker() - clock.now()).toBeLessThan(5);
    expect(log).toHaveLength(1);
    await clock.stop();
  });

  it('asks now and then, and finds its tick among those of others', async () => {
    const { clock, state, log, broker } = world();
    state.others = 5;
    void clock.start();
    await pass(60_500);
    expect(log.filter(({ value }) => value?.toString() !== 'another')).toHaveLength(4);
    expect(Math.abs(broker() - clock.now())).toBeLessThan(1);
    await clock.stop();
  });

  it('asks at once, once, when a clock was set, and tells who waits when the time was another than believed', async () => {
    const { clock, state, log, lines, broker } = world();
    let moved = 0;
    clock.onMoved(() => moved++);
    void clock.start();
    await pass(5_000);
    state.wallOff -= HOUR;
    expect(clock.now()).toBeLessThan(broker() - HOUR + 10);
    clock.now();
    await pass(20);
    expect(Math.abs(broker() - clock.now())).toBeLessThan(1);
    expect([log.length, moved, lines.length]).toEqual([2, 1, 1]);
    await clock.stop();
  });

  it('notices by itself, when nobody asks for the time', async () => {
    const { clock, state, log } = world();
    void clock.start();
    await pass(5_000);
    state.wallOff += HOUR;
    await pass(1_100);
    expect(log).toHaveLength(2);
    await clock.stop();
  });

  it('does not ask again and again beside a clock that runs wrong', async () => {
    const { clock, state, log } = world();
    void clock.start();
    await pass(1_000);
    for (let n = 0; n < 100; n++) {
      state.wallOff += 50;
      clock.now();
      await pass(10);
    }
    expect(log.length).toBeLessThanOrEqual(7);
    await clock.stop();
  });

  it('waits for a broker that is away, says so, and answers all that asked', async () => {
    const { clock, state, lines } = world();
    void clock.start();
    await pass(1_000);
    state.away = true;
    let answers = 0;
    for (let n = 0; n < 3; n++) void clock.ask().then(() => answers++);
    await pass(20_000);
    expect(answers).toBe(0);
    expect(clock.health()).toMatchObject({ alive: true, reason: expect.stringMatching(/does not tell/) });
    expect(lines).toHaveLength(1);
    state.away = false;
    await pass(1_000);
    expect(answers).toBe(3);
    expect(clock.health().reason).toBeNull();
    await clock.stop();
  });

  it('gives a question that comes while another is under way an answer of its own', async () => {
    const { clock, state, broker } = world();
    void clock.start();
    await pass(5_000);
    void clock.ask();
    await pass(3);
    // The tick under way has its stamp already.
    state.brokerOff -= HOUR;
    const later = clock.ask();
    await pass(20);
    await later;
    expect(broker() - clock.now()).toBeGreaterThanOrEqual(0);
    expect(broker() - clock.now()).toBeLessThan(5);
    await clock.stop();
  });

  it('warns of a broker that is far ahead, and does not follow it', async () => {
    const { clock, state, lines, broker } = world();
    void clock.start();
    await pass(5_000);
    state.brokerOff += HOUR;
    await pass(60_000);
    expect(broker() - clock.now()).toBeCloseTo(HOUR, -1);
    expect(lines.length).toBeGreaterThan(0);
    await clock.stop();
  });

  it('stops while the broker is away', async () => {
    const { clock, state } = world();
    state.away = true;
    const started = clock.start();
    await pass(700);
    await clock.stop();
    await started;
  });
});

describe('reading both clocks', () => {
  it('gives whole ms of the wall clock, and fractions of the other', () => {
    jest.useRealTimers();
    const before = [Date.now(), performance.now()] as const;
    const { wall, monotonic } = readClocks();
    const after = [Date.now(), performance.now()] as const;
    expect(Number.isInteger(wall)).toBe(true);
    expect([wall >= before[0], wall <= after[0]]).toEqual([true, true]);
    expect([monotonic >= before[1], monotonic <= after[1]]).toEqual([true, true]);
  });
});
