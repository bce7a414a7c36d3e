/** A size from the environment; the benchmark's own where it is not set. */
export const size = (name: string, usual: number): number => {
  const text = process.env[name];
  if (text === undefined || text === '') return usual;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new Error(`${name} is ${JSON.stringify(text)}, not a number above 0`);
  return value;
};

export const ROUNDS = () => size('BENCH_ROUNDS', 3);
