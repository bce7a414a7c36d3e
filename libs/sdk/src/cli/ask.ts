import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { Unanswered } from './usage-error';

interface Terminal {
  readonly input: Readable;
  readonly output: Writable;
}

/**
 * One line from the person at the terminal; a hidden one is not echoed.
 *
 * @throws Unanswered when the person leaves by Ctrl-C or Ctrl-D.
 */
export const askAt = ({ input, output }: Terminal, question: string, hidden: boolean): Promise<string> =>
  new Promise((resolve, reject) => {
    const shown = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output;
    if (hidden) output.write(question);
    const lines = createInterface({ input, output: shown, terminal: true });
    const end = (settle: () => void, breakLine: boolean) => {
      lines.removeAllListeners();
      lines.close();
      if (breakLine) output.write('\n');
      settle();
    };
    const leave = (by: Unanswered['by']) => end(() => reject(new Unanswered(by)), true);
    lines.once('SIGINT', () => leave('interrupt'));
    lines.once('close', () => leave('end'));
    // The line break of a visible answer is echoed with it.
    lines.question(hidden ? '' : question, (answer) => end(() => resolve(answer), hidden));
  });
