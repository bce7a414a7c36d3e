import { ApiProblem } from '@millrace/service-runtime';

/** Trials that may wait for their turn; a person waits for one of them. */
const MOST_WAITING = 8;

export interface TrialTurnsOptions {
  /** Ms that only go forward. */
  readonly now: () => number;
  readonly rest: (ms: number) => Promise<void>;
}

/**
 * Compiling and trying a document takes the process that also reads machines, for as long as its limits let it. So there is
 * one at a time, and after each the process rests from trials for as long as the last one took: whoever asks for them
 * without end gets half of it at most, and others are told to come again.
 */
export class TrialTurns {
  private waiting = 0;
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly options: TrialTurnsOptions) {}

  /** Throws ApiProblem `rate_limited` when too many wait already, and what `trial` throws. */
  async take<T>(trial: () => T | Promise<T>): Promise<T> {
    if (this.waiting >= MOST_WAITING)
      throw new ApiProblem('rate_limited', 'Other mappings are being tried here. Try this one again.', {
        headers: { 'retry-after': '2' },
      });
    this.waiting++;
    const turn = this.last;
    let over: () => void = () => undefined;
    this.last = new Promise((resolve) => {
      over = resolve;
    });
    await turn;
    const began = this.options.now();
    try {
      return await trial();
    } finally {
      this.waiting--;
      void this.options.rest(this.options.now() - began).then(over);
    }
  }
}
