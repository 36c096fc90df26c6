/** What a failure says about the message, where the application does not say it: only what is known counts against it. */
import { MessagingError } from "../errors.js";
import type { ErrorClass } from "../processor.js";

/** The class of what the handler threw. What nobody foresaw says nothing about the message. */
export function handlerFailureClass(error: unknown): ErrorClass {
  if (!(error instanceof MessagingError)) return "unknown";
  if (error.retryable) return "transient";
  return error.code === "invalid-body" ? "permanent" : "unknown";
}

/**
 * AMQP 1.0 conditions (2.8.15 to 2.8.18) by which a broker says that it cannot take this one message, now or later.
 * A rejection with another condition may mean anything: Artemis answers so when its own journal fails.
 */
const REFUSALS: ReadonlySet<string> = new Set([
  "amqp:decode-error",
  "amqp:invalid-field",
  "amqp:link:message-size-exceeded",
]);

/** Codes that blame the one message or its sender, and not the place where it was to go. */
const OF_ONE_MESSAGE: ReadonlySet<string> = new Set(["rejected", "invalid-argument", "invalid-body"]);

/**
 * The class of a failed send of an outcome.
 * - `transient`: sent again with all that wait for it. `isForAll` says that it went where all outcomes go; what is wrong
 *   with that place (no right, no such queue) is wrong for each of them.
 * - `unknown`: its input is held alone.
 */
export function sendFailureClass(error: unknown, isForAll: boolean): Exclude<ErrorClass, "poison"> {
  if (!(error instanceof MessagingError)) return "unknown";
  if (error.retryable) return "transient";
  if (error.code === "rejected" && error.condition !== undefined && REFUSALS.has(error.condition)) return "permanent";
  return isForAll && !OF_ONE_MESSAGE.has(error.code) ? "transient" : "unknown";
}
