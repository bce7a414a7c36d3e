import { CallsInTurn } from './calls-in-turn';

const waiting = () => {
  let end = (): void => {};
  const call = () => new Promise<void>((resolve) => (end = resolve));
  return { call, end: () => end() };
};

describe('calls in turn', () => {
  it('one of a tenant at a time, and the next when it is over', async () => {
    const turns = new CallsInTurn(4, { detail: 'later', retryAfterS: 5 });
    const first = waiting();
    const running = turns.run('acme', first.call);
    await expect(turns.run('acme', async () => 1)).rejects.toMatchObject({
      problem: { code: 'rate_limited' },
      headers: { 'retry-after': '5' },
    });
    await expect(turns.run('other', async () => 2)).resolves.toBe(2);
    first.end();
    await running;
    await expect(turns.run('acme', async () => 3)).resolves.toBe(3);
  });

  it('so many of all', async () => {
    const turns = new CallsInTurn(2, { detail: 'later', retryAfterS: 5 });
    const calls = [waiting(), waiting()];
    const running = calls.map(({ call }, n) => turns.run(`t${n}`, call));
    await expect(turns.run('t9', async () => 1)).rejects.toMatchObject({
      problem: { code: 'rate_limited' },
      headers: { 'retry-after': '5' },
    });
    for (const { end } of calls) end();
    await Promise.all(running);
    await expect(turns.run('t9', async () => 1)).resolves.toBe(1);
  });

  it('gives the place back when the call fails', async () => {
    const turns = new CallsInTurn(1, { detail: 'later', retryAfterS: 5 });
    await expect(turns.run('acme', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(turns.run('acme', async () => 1)).resolves.toBe(1);
  });
});
