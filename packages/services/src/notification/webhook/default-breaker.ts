import type { BreakerOptions } from "@quittance/sdk";

/** After 5 failures in a row a receiver gets one webhook every 5 s, until it takes one. */
export const DEFAULT_BREAKER: BreakerOptions = { afterFailures: 5, halfOpenAfterMs: 5_000, probeSize: 1 };
