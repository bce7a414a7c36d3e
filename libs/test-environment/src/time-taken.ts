const cpuMsSince = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
};

/**
 * What some work comes to, and the CPU time of this thread that it took, ms. Where work must not grow with the square of its
 * input a test asks for this and not for the time on the clock: a machine that is busy, or stood still, does not make it more.
 */
export const withCpuTime = <T>(work: () => T): { readonly result: T; readonly cpuMs: number } => {
  const before = process.threadCpuUsage();
  const result = work();
  return { result, cpuMs: cpuMsSince(before) };
};

export const cpuMsOf = (work: () => unknown): number => withCpuTime(work).cpuMs;

/**
 * How much later than a bare timer of `ms` something ends that begins together with it, ms; below 0 when it ends before it.
 * So a deadline can be held to its word on a machine that is late itself.
 */
export const laterThanTimer = async <T>(
  ms: number,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly laterMs: number }> => {
  const fired = new Promise<number>((resolve) => setTimeout(() => resolve(performance.now()), ms));
  const result = await work();
  const ended = performance.now();
  return { result, laterMs: ended - (await fired) };
};
