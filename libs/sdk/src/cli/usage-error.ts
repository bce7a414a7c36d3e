/** The command line cannot be understood: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command was understood and did not succeed: exit code 1, with one sentence. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** The person left a prompt instead of answering: by Ctrl-C, or by the end of the input (Ctrl-D). */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  constructor(readonly by: 'interrupt' | 'end') {
    super('Nothing was done.');
  }
}
