/**
 * What the launcher says while it works: one line for each step, with its time. On a terminal the line of a running step is
 * redrawn with a spinner; elsewhere (a log, a CI job) it is announced, and repeated every ten seconds while it lasts.
 */
const terminal = process.stdout.isTTY === true && process.env.TERM !== 'dumb';
const coloured = terminal && !process.env.NO_COLOR;
const colour = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = colour('1');
export const dim = colour('2');
export const red = colour('31');
export const green = colour('32');
export const yellow = colour('33');
export const cyan = colour('36');

// A terminal that is closed while we stop takes no more words; that must not break the stopping off.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const WIDTH = 22;

/** Ends the line of the running step without a word; set while one runs. */
let abandon = null;

/** A line of its own; the spinner of a running step moves on below it. */
export const say = (text = '') => {
  process.stdout.write(`${terminal && abandon !== null ? '\r\u001b[2K' : ''}${text}\n`);
};

/** `1.4 s`, `2 min 5 s` */
export const duration = (ms) => {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

const row = (mark, title, rest) => `  ${mark} ${title.padEnd(WIDTH)} ${rest}`;

/**
 * Runs `work` as one visible step. `work` gets a function that replaces the remark behind the title, and answers the remark
 * that stays. Errors pass through after the step is marked.
 *
 * @template T
 * @param {string} title
 * @param {string} remark what is happening, shown while it lasts
 * @param {(note: (remark: string) => void) => Promise<{ remark?: string, value?: T } | undefined>} work
 * @returns {Promise<T | undefined>}
 */
export const step = async (title, remark, work) => {
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  let now = remark;
  let frame = 0;
  const draw = () => {
    frame += 1;
    const line = row(cyan(SPINNER[frame % SPINNER.length]), title, `${dim(`${now} · ${duration(elapsed())}`)}`);
    process.stdout.write(`\r\u001b[2K${line}`);
  };
  const remind = () => say(row('…', title, `${now}, ${duration(elapsed())} so far`));
  const timer = terminal ? setInterval(draw, 100) : setInterval(remind, 10_000);
  if (terminal) draw();
  else say(row('…', title, now));
  // A step that begins while this one still runs takes the line over (an end during the start).
  abandon?.();
  let abandoned = false;
  const giveUp = () => {
    abandoned = true;
    clearInterval(timer);
  };
  abandon = giveUp;
  const end = (mark, rest) => {
    clearInterval(timer);
    if (abandoned) return;
    say(row(mark, title, rest));
    abandon = null;
  };
  try {
    const result = await work((text) => {
      now = text;
    });
    end(green('✓'), `${result?.remark ?? ''}${result?.remark ? ' · ' : ''}${dim(duration(elapsed()))}`);
    return result?.value;
  } catch (error) {
    end(red('✗'), dim(duration(elapsed())));
    throw error;
  }
};

/** Prints why nothing more happens, in a form that a person can act on. */
export const sayWhyNot = (error) => {
  const expected = error?.name === 'LocalStackError';
  say();
  for (const [index, line] of String(expected ? error.message : (error?.stack ?? error))
    .split('\n')
    .entries()) {
    process.stderr.write(`  ${index === 0 ? red('✗') : ' '} ${line}\n`);
  }
  for (const hint of error?.hints ?? []) process.stderr.write(`    ${hint}\n`);
  process.stderr.write('\n');
};
