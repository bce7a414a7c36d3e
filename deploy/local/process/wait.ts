/** Asks again every few milliseconds until the answer is truthy; null when `timeoutMs` passes without one. */
export const waitUntil = async <T>(probe: () => T | Promise<T>, timeoutMs: number, everyMs = 25): Promise<T | null> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (performance.now() > deadline) return null;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
};
