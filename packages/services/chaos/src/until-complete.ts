/** Waits for a condition of the system, through whatever fails meanwhile. */

const INTERVAL_MS = 100;

/** Thrown when a condition did not come true; `last` says how far it was. */
export class WaitedInVainError extends Error {
  override readonly name = "WaitedInVainError";
}

/**
 * Resolves once `look` finds nothing that is missing: it returns a sentence of what is, or undefined. A look that throws
 * counts as one that found something missing: what it looks at may just be away.
 * @throws WaitedInVainError
 */
export async function untilComplete(look: () => Promise<string | undefined>, boundMs: number): Promise<void> {
  const endMs = performance.now() + boundMs;
  for (;;) {
    const missing = await look().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (missing === undefined) return;
    if (performance.now() > endMs) throw new WaitedInVainError(`after ${Math.round(boundMs / 1_000)} s: ${missing}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
