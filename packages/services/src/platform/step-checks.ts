/** What readiness says of the steps of a service: whether messages get through. */
import type { Processor } from "@quittance/sdk";
import type { Breakers } from "./circuit-breakers.js";
import { failureReason } from "./failure-reason.js";
import type { ReadinessCheck } from "./health.js";

/** A step that waits for less is not worth telling: a batch that met a deadlock goes on by itself. */
const HELD_AFTER_MS = 2_000;

/** The steps of a service, by the names of their processors. */
export type Steps = Readonly<Record<string, Pick<Processor, "breaker" | "held">>>;

type Checks = Readonly<Record<string, ReadinessCheck>>;

/** The breakers of the steps. */
export function breakersOf(steps: Steps): Breakers {
  return Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, () => step.breaker]));
}

/**
 * What is held, by `step` and the name. A step in which nothing gets through makes the service not ready; single
 * messages that fail alone do not, but are told.
 */
export function stepChecks(steps: Steps): { readonly checks: Checks; readonly minorChecks: Checks } {
  const checksOf = (kind: "step" | "messages"): Checks =>
    Object.fromEntries(Object.entries(steps).map(([name, step]) => [`step ${name}`, () => heldReason(step, kind)]));
  return { checks: checksOf("step"), minorChecks: checksOf("messages") };
}

function heldReason({ held }: Steps[string], kind: "step" | "messages"): string | undefined {
  if (held === undefined || held.name !== kind) return undefined;
  const ageMs = Date.now() - held.sinceMs;
  if (kind === "step" && ageMs < HELD_AFTER_MS) return undefined;
  const seconds = Math.round(ageMs / 1_000);
  const what = held.messages === 0 ? "nothing can be read" : `${held.messages} messages are held`;
  return `${what} for ${seconds} s: ${failureReason(held.cause)}`;
}
