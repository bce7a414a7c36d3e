/** Waits between two attempts, ms: growing from 0.2 s to 30 s, with full jitter so that sources do not come back all at once. */
export const backoffMs = (failures: number, random: () => number): number =>
  random() * Math.min(200 * 2 ** Math.min(failures, 10), 30_000);

/** Resolves after `ms`, or as soon as `stopping` is aborted. */
export const waitUnlessStopped = (ms: number, stopping: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stopping.addEventListener('abort', done);
    if (stopping.aborted) done();
  });
