import { CommandPace } from './command-pace';

it('lets a batch go at once, and the next when its time has come, whoever asks', async () => {
  let now = 1_000;
  const slept: number[] = [];
  const pace = new CommandPace(
    100,
    () => now,
    async (ms) => slept.push(ms),
  );
  await pace.take(50);
  await pace.take(10);
  await pace.take(10);
  expect(slept).toEqual([500, 600]);
  now = 10_000;
  await pace.take(50);
  expect(slept).toHaveLength(2);
});
