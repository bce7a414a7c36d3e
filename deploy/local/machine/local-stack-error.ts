/**
 * Something that the person at the terminal can change: a missing program, a taken port, a full disk. The launcher prints
 * the message alone, without a stack trace, and exits with 1.
 */
export class LocalStackError extends Error {
  override readonly name = 'LocalStackError';
  constructor(
    message: string,
    /** What to do about it, one line each. */
    readonly hints: readonly string[] = [],
  ) {
    super(message);
  }
}
