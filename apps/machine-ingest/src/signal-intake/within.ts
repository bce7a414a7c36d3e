export const LATE = Symbol('late');

/** What the work comes to, or LATE after so many ms; the work itself goes on. */
export const within = async <Result>(work: Promise<Result>, ms: number): Promise<Result | typeof LATE> => {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, ms, LATE);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
};
