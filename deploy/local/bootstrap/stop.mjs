/** Something that the person at the terminal can change; printed without a stack trace, and the process exits with 1. */
export class Stop extends Error {
  /** @param {string} message @param {string[]} hints what to do about it, one line each */
  constructor(message, hints = []) {
    super(message);
    this.name = 'LocalStackError';
    this.hints = hints;
  }
}
