/** The circuit breakers of a service: their settings, and how readiness and metrics show them. */
import type { BreakerOptions, BreakerState } from "@quittance/sdk";
import { failureReason } from "./failure-reason.js";
import type { ReadinessCheck } from "./health.js";
import { serviceMeter } from "./meter.js";

/**
 * For each step of the cycle: after so many failures in a row it asks for no more messages, which wait in the broker
 * uncounted, and tries some at a time until what it needs is there again. Some, because one alone could not tell a
 * message that fails for itself from a database that refuses: the SDK's processors look at five.
 */
export const STEP_BREAKER: BreakerOptions = { afterFailures: 5, halfOpenAfterMs: 2_000, probeSize: 10 };

/** Breakers by name. */
export type Breakers = Readonly<Record<string, () => BreakerState>>;

/**
 * Reasons for those that are open, by `breaker` and their names. One that is half open takes messages: it only needs
 * one to find out, and where none comes, as when another instance took them all, it has nothing to report.
 */
export function breakerChecks(breakers: Breakers): Readonly<Record<string, ReadinessCheck>> {
  return Object.fromEntries(
    Object.entries(breakers).map(([name, stateOf]) => [`breaker ${name}`, () => reasonOf(stateOf())]),
  );
}

/** Has the state of each observed: 1 for the state that it is in, 0 for the others, as other conventions' `status`. */
export function observeBreakers(breakers: Breakers): void {
  const states = ["closed", "open", "half-open"] as const satisfies readonly BreakerState["name"][];
  serviceMeter()
    .createObservableUpDownCounter("quittance.circuit_breaker.status", {
      description: "1 for the state that a circuit breaker is in.",
      unit: "1",
    })
    .addCallback((result) => {
      for (const [name, stateOf] of Object.entries(breakers)) {
        const current = stateOf().name;
        for (const state of states) {
          const attributes = { "quittance.circuit_breaker.name": name, "quittance.circuit_breaker.state": state };
          result.observe(state === current ? 1 : 0, attributes);
        }
      }
    });
}

function reasonOf(state: BreakerState): string | undefined {
  if (state.name !== "open") return undefined;
  return `${state.name}: ${failureReason(state.cause)}`;
}
