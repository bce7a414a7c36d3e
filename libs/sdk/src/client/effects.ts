import type { Effects, FetchLike } from './transport';

const newId = (): string => {
  // Not `randomUUID`: browsers have it on secure pages only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `sdk_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
};

const sleep = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal?.addEventListener('abort', end, { once: true });
  });

/** The world as it is. */
export const realEffects = (given?: FetchLike): Effects => ({
  // Called through the global object, as browsers want it, and looked up at each call, so that a replaced one is used.
  fetch: given ?? ((url, init) => globalThis.fetch(url, init)),
  now: Date.now,
  random: Math.random,
  newId,
  sleep,
});
