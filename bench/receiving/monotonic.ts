const offset = Number(process.hrtime.bigint()) / 1_000 - performance.now() * 1_000;

/** Microseconds of the machine's monotonic clock: the same in all its processes, and nobody sets it. */
export const monotonicMicros = (): number => offset + performance.now() * 1_000;
