export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** The result of `work`, or TimedOut after `ms`; what becomes of the work afterwards is nobody's concern. */
export const within = async <T>(ms: number, what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut(`${what} took longer than ${Math.round(ms)} ms`)), Math.max(0, ms));
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** A wait that can be cut short. */
export class Pause {
  private wake: (() => void) | null = null;

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.end(), ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  end(): void {
    const wake = this.wake;
    this.wake = null;
    wake?.();
  }
}

/** Doubling from `first`, at most `longest`. */
export const backoffMs = (failures: number, first: number, longest: number): number =>
  Math.min(longest, first * 2 ** Math.min(failures, 20));
