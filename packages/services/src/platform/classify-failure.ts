/** Sorts what a step's handler throws into faults of the moment and faults of the message. */
import { type ErrorClass, MessagingError } from "@quittance/sdk";
import { isTransient } from "./database.js";

/** A database or a broker that is away is nobody's fault: the batch waits for it. */
export function classifyFailure(error: unknown): ErrorClass {
  const mayPass = error instanceof MessagingError ? error.retryable : isTransient(error);
  return mayPass ? "transient" : "permanent";
}
