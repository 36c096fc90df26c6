/** A client that makes good payments beside the bad requests: all must succeed, and soon. */
import { CARD_NUMBER } from "./hostile-values.js";

const PAUSE_MS = 50;
const CALL_TIMEOUT_MS = 30_000;

/** How the good client fared. */
export interface GoodClientReport {
  readonly payments: number;
  /** What went wrong, at most so many as are worth reading. */
  readonly failures: readonly string[];
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const MAXIMUM_FAILURES = 5;
/** Latencies that are kept; of more, a part is forgotten. */
const MAXIMUM_SAMPLES = 100_000;

/** Pays until told to stop. */
export function startGoodClient(options: { readonly url: string; readonly token: string; readonly run: string }): {
  stop(): Promise<GoodClientReport>;
} {
  let stopped = false;
  let payments = 0;
  let failed = 0;
  const failures: string[] = [];
  const latencies: number[] = [];
  const running = (async () => {
    while (!stopped) {
      const beganMs = performance.now();
      const failure = await payOnce(options, payments);
      latencies[payments % MAXIMUM_SAMPLES] = performance.now() - beganMs;
      payments++;
      if (failure !== undefined) {
        failed++;
        if (failures.length < MAXIMUM_FAILURES) failures.push(failure);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running;
      const sorted = latencies.sort((one, other) => one - other);
      const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
      return { payments, failures, failed, p50Ms: at(0.5), p99Ms: at(0.99) };
    },
  };
}

/** Pays EUR 1.00 and waits for the end. @returns what went wrong. */
async function payOnce(
  { url, token, run }: { readonly url: string; readonly token: string; readonly run: string },
  place: number,
): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/v1/payments`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({
        requestId: `good-${run}-${place.toString(36)}`,
        card: { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" },
        amount: { currencyCode: "EUR", minorUnits: "100" },
        wait: "20s",
      }),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const text = await answer.text();
    if (answer.status === 200 && text.includes("PAYMENT_STATE_SUCCEEDED")) return undefined;
    return `A good payment was answered with ${answer.status}: ${text.slice(0, 300)}`;
  } catch (error) {
    return `A good payment was not answered: ${error instanceof Error ? error.message : String(error)}`;
  }
}
