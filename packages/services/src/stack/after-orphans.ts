/** How a server of PostgreSQL is started again when the one before it was killed and its backends still run. */
import { setTimeout as delay } from "node:timers/promises";

/** Backends notice at their next look that their server is gone; one in a long statement notices at its end. */
const BOUND_MS = 20_000;
const PAUSE_MS = 200;
const ORPHANS_RUN = /pre-existing shared memory block .* is still in use/;

/** Runs `start`, again and again while it fails for backends that still run. @throws What it throws otherwise, or after 20 s. */
export async function afterOrphans<T>(start: () => Promise<T>, stopping: AbortSignal): Promise<T> {
  const until = performance.now() + BOUND_MS;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      const mayPass = error instanceof Error && ORPHANS_RUN.test(error.message);
      if (!mayPass || stopping.aborted || performance.now() > until) throw error;
      await delay(PAUSE_MS);
    }
  }
}
