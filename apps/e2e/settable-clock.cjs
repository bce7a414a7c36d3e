// Loaded into a service before its own code (NODE_OPTIONS=--require): on SIGUSR2 the wall clock is set, by as many ms as the
// file of STORY_CLOCK_FILE says. The monotonic clock runs on, as it does when the clock of a machine is set.
const { readFileSync } = require('node:fs');

const TrueDate = Date;
let off = 0;

globalThis.Date = class extends TrueDate {
  constructor(...parts) {
    if (parts.length === 0) super(TrueDate.now() + off);
    else super(...parts);
  }

  static now() {
    return TrueDate.now() + off;
  }
};

process.on('SIGUSR2', () => {
  off = Number(readFileSync(process.env.STORY_CLOCK_FILE, 'utf8'));
});
