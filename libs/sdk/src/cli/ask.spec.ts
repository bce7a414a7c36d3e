import { PassThrough } from 'node:stream';
import { askAt } from './ask';
import { Unanswered } from './usage-error';

/** A terminal at which somebody has typed `keys`. */
const asked = async (keys: string, hidden: boolean) => {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough({ encoding: 'utf8' });
  let shown = '';
  output.on('data', (text: string) => {
    shown += text;
  });
  const answer = askAt({ input, output }, 'Key: ', hidden).catch((error: unknown) => error);
  input.write(keys);
  return { answer: await answer, shown };
};

describe.each([false, true])('a prompt, hidden: %s', (hidden) => {
  it('gives what was typed', async () => {
    const { answer, shown } = await asked('mr_typed\r', hidden);
    expect(answer).toBe('mr_typed');
    expect(shown).toContain('Key: ');
    expect(shown.includes('mr_typed')).toBe(!hidden);
    expect(shown.endsWith('\n')).toBe(true);
  });

  it.each([
    ['\u0003', 'interrupt'],
    ['mr_\u0003', 'interrupt'],
    ['\u0004', 'end'],
  ] as const)('tells how it was left: %j', async (keys, by) => {
    const { answer, shown } = await asked(keys, hidden);
    expect(answer).toEqual(new Unanswered(by));
    expect((answer as Unanswered).by).toBe(by);
    expect(shown.endsWith('\n')).toBe(true);
  });
});
