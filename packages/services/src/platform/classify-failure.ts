/** Sorts what a step's handler throws into faults of the message, faults of the moment, and what nobody foresaw. */
import { type ErrorClass, MessagingError } from "@quittance/sdk";
import { isFaultOfTheMessage, isTransient } from "./sqlstate.js";

/**
 * Only what is known to be the message's own fault may end as a dead letter. What a database or a broker refuses holds
 * the step, and so does what nobody foresaw, for as long as it takes: nothing is lost by waiting.
 */
export function classifyFailure(error: unknown): ErrorClass {
  if (error instanceof MessagingError) {
    if (error.retryable) return "transient";
    return error.code === "invalid-body" ? "permanent" : "unknown";
  }
  if (isFaultOfTheMessage(error)) return "permanent";
  return isTransient(error) ? "transient" : "unknown";
}
