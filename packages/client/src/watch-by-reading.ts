/** Watches a payment or refund by reading it again and again: what every release of the service can. */
import { isFinal } from "./final-states.js";
import type { Payment, Refund } from "./gen/resources.js";
import type { CallOptions } from "./http-calls.js";
import { QuittanceError } from "./quittance-error.js";
import { pause } from "./retry-pause.js";

const DEFAULT_TIMEOUT_MS = 600_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Gives it as it is, then whenever it differs from what was given last, until it is final. */
export async function* watchByReading<Resource extends Payment | Refund>(
  read: (options: CallOptions) => Promise<Resource>,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions,
): AsyncGenerator<Resource, void> {
  const untilMs = performance.now() + timeoutMs;
  let given = "";
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const resource = await read({ signal, timeoutMs: untilMs - performance.now() });
    const now = fingerprintOf(resource);
    if (now !== given) yield resource;
    if (isFinal(resource)) return;
    // What changes is read again soon.
    pauseMs = now === given ? Math.min(LONGEST_PAUSE_MS, pauseMs * 1.5) : FIRST_PAUSE_MS;
    given = now;
    if (performance.now() + pauseMs >= untilMs) {
      throw new QuittanceError("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "It was not final in time.");
    }
    await pause(pauseMs, signal);
  }
}

function fingerprintOf(resource: Payment | Refund): string {
  return JSON.stringify(resource, (_name, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}
