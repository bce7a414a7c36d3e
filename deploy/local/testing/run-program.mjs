import { spawn } from 'node:child_process';

/**
 * Runs a program of node_modules under Node 24 to its end. `passOn` gives its output to ours; otherwise it is kept and
 * answered. It gets no input, so that nothing can ask.
 *
 * @returns {Promise<{ code: number, output: string }>}
 */
export const runProgram = (node, args, { cwd, environment, passOn }) =>
  new Promise((done, fail) => {
    const child = spawn(node, args, {
      cwd,
      env: environment,
      stdio: ['ignore', passOn ? 'inherit' : 'pipe', passOn ? 'inherit' : 'pipe'],
    });
    let output = '';
    child.stdout?.on('data', (text) => {
      output += text;
    });
    child.stderr?.on('data', (text) => {
      output += text;
    });
    const pass = (name) => child.kill(name);
    process.on('SIGTERM', pass);
    process.on('SIGINT', pass);
    child.once('error', fail);
    child.once('exit', (code, by) => {
      process.off('SIGTERM', pass);
      process.off('SIGINT', pass);
      done({ code: code ?? (by === 'SIGINT' ? 130 : 1), output });
    });
  });
