import { inCalls } from './bounded-calls';

const list = Array.from({ length: 10 }, (_, n) => n);
const play = async (size: number, takes: number, status = 'BadTooManyOperations') => {
  const sizes: number[] = [];
  const done: number[] = [];
  await inCalls(list, size, async (chunk) => {
    sizes.push(chunk.length);
    if (chunk.length > takes) throw new Error(` ServiceResult is ${status} (0x80100000)`);
    done.push(...chunk);
  });
  expect(done).toEqual(list);
  return sizes;
};

describe('a list in bounded calls', () => {
  it('is as many as they take', async () => {
    expect(await play(4, 4)).toEqual([4, 4, 2]);
    expect(await play(100, 100)).toEqual([10]);
  });

  it('is halved until the server takes it', async () => {
    expect(await play(10, 3)).toEqual([10, 5, 3, 3, 3, 1]);
    expect(await play(2, 1, 'BadResponseTooLarge')).toEqual([2, ...Array(10).fill(1)]);
  });

  it('fails with what is no question of size, and where nothing is small enough', async () => {
    await expect(play(10, 3, 'BadSessionClosed')).rejects.toThrow('BadSessionClosed');
    await expect(play(10, 0)).rejects.toThrow('BadTooManyOperations');
  });
});
