/** Waits for a condition instead of for a time. */

const DEFAULT_BOUND_MS = 40_000;
const INTERVAL_MS = 10;

/**
 * Resolves with the first value of `look` that is neither undefined nor false.
 * @throws naming `what` when none came within the bound.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  boundMs = DEFAULT_BOUND_MS,
): Promise<T> {
  const endMs = performance.now() + boundMs;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > endMs) throw new Error(`Waited more than ${boundMs} ms: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
