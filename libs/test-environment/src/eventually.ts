/**
 * Waits until `probe` answers something truthy, and returns it; an error of the probe counts as "not yet". `what` completes
 * the sentence "waited 10 s for …" of the failure.
 */
export const eventually = async <T>(
  probe: () => T | Promise<T>,
  what: string,
  timeoutMs = 10_000,
): Promise<NonNullable<T>> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let seen: unknown;
    try {
      const answer = await probe();
      if (answer) return answer;
      seen = answer;
    } catch (error) {
      seen = error;
    }
    if (performance.now() > deadline) {
      throw new Error(
        `waited ${timeoutMs / 1000} s for ${what}; last seen: ${seen instanceof Error ? seen.stack : seen}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
