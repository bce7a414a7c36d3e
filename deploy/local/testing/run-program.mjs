import { spawn } from 'node:child_process';

/** What jest says on its own behalf; the step that runs it has said it already. */
const CHATTER = /^(Running (one|\d+) projects?: .*|Test results written to: .*|Determining test suites.*|)$/;

/**
 * Runs a program of node_modules under Node 24 to its end. With `passOn` its output goes to ours as it comes, without
 * chatter; otherwise it is kept and answered. It gets no input, so that nothing can ask.
 *
 * @returns {Promise<{ code: number, output: string }>}
 */
export const runProgram = (node, args, { cwd, environment, passOn }) =>
  new Promise((done, fail) => {
    const child = spawn(node, args, { cwd, env: environment, stdio: ['ignore', passOn ? 'inherit' : 'pipe', 'pipe'] });
    let output = '';
    const keep = (text) => {
      output += text;
    };
    let rest = '';
    const pass = (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (!CHATTER.test(line.trim())) process.stderr.write(`${line}\n`);
    };
    child.stdout?.on('data', keep);
    child.stderr.setEncoding('utf8').on('data', passOn ? pass : keep);
    const end = (name) => child.kill(name);
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    child.once('error', fail);
    child.once('close', (code, by) => {
      process.off('SIGTERM', end);
      process.off('SIGINT', end);
      done({ code: code ?? (by === 'SIGINT' ? 130 : 1), output });
    });
  });
