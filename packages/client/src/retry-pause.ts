/** How long to wait before a call is tried again. */

const FIRST_MS = 200;
const LONGEST_MS = 5_000;

/**
 * The pause before retry `retry` (0 is the first). It doubles each time up to 5 s. Half of it is random, so that
 * clients that failed together do not come back together. A pause that the service asks for is kept, and the random
 * part is added to it.
 */
export function retryPauseMs(retry: number, retryAfterMs: number | undefined, random = Math.random): number {
  const usual = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(retry, 10));
  const jitter = (usual / 2) * random();
  return Math.max(usual / 2, retryAfterMs ?? 0) + jitter;
}

/** Resolves after a pause; rejects with the signal's reason when it aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
