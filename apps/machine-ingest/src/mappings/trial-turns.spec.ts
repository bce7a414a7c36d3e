import { TrialTurns } from './trial-turns';

/** Time that passes only when it is told to. */
const site = () => {
  let now = 0;
  const resting: Array<{ ms: number; done: () => void }> = [];
  const turns = new TrialTurns({
    now: () => now,
    rest: (ms) => new Promise((done) => void resting.push({ ms, done })),
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { turns, resting, settle, pass: (ms: number) => (now += ms) };
};

test('trials follow one another, with a rest as long as the last one took', async () => {
  const { turns, resting, settle, pass } = site();
  const told: string[] = [];
  const first = turns.take(() => {
    pass(700);
    told.push('first');
    return 1;
  });
  const second = turns.take(() => void told.push('second'));
  expect(await first).toBe(1);
  await settle();
  expect(told).toEqual(['first']);
  expect(resting.map(({ ms }) => ms)).toEqual([700]);
  resting[0]!.done();
  await second;
  expect(told).toEqual(['first', 'second']);
});

test('one that fails gives its turn on, and of too many the last are refused', async () => {
  const { turns, resting, settle } = site();
  await expect(
    turns.take(() => {
      throw new Error('wrong');
    }),
  ).rejects.toThrow('wrong');
  const waiting = [...Array(8).keys()].map((n) => turns.take(() => n));
  await expect(turns.take(() => 8)).rejects.toMatchObject({ problem: { code: 'rate_limited', status: 429 } });
  for (let n = 0; n < 9; n++) {
    await settle();
    resting[n]?.done();
  }
  expect(await Promise.all(waiting)).toEqual([...Array(8).keys()]);
  expect(await turns.take(() => 9)).toBe(9);
});
