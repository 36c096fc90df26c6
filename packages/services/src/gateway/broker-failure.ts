/** What a failure of the broker means to a caller of the API. */
import { MessagingError } from "@quittance/sdk";
import { ApiError } from "./api-error.js";

/** When a caller should come again after a failure that passes, in milliseconds. */
export const RETRY_AFTER_MS = 1_000;

/** The error of every call that needs the broker while it is away. */
export function brokerUnavailable(cause?: unknown): ApiError {
  return new ApiError(
    "UNAVAILABLE",
    "BROKER_UNAVAILABLE",
    "The service cannot take the call just now; call again with the same request.",
    { retryAfterMs: RETRY_AFTER_MS, cause },
  );
}

/** The error of a payment or refund that is not taken because the broker confirms nothing. */
export function brokerSlow(): ApiError {
  return new ApiError("UNAVAILABLE", "BROKER_SLOW", "The service is slow just now; call again with the same request.", {
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/** The error of a payment or refund that is not taken because the broker lets nothing be sent: its disk is full, say. */
export function brokerBlocked(cause?: unknown): ApiError {
  return new ApiError(
    "UNAVAILABLE",
    "BROKER_BLOCKED",
    "The service takes no calls just now, for its broker has no room; call again with the same request.",
    { retryAfterMs: RETRY_AFTER_MS, cause },
  );
}

/** The error of a payment or refund for which there is no room. */
export function overloaded(cause?: unknown): ApiError {
  return new ApiError("RESOURCE_EXHAUSTED", "OVERLOADED", "The service is busy; call again with the same request.", {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}

/**
 * Translates what the SDK throws. A send whose fate is unknown is UNAVAILABLE as well: calling again with the same
 * request_id is safe, for it gives the same payment.
 */
export function fromBrokerFailure(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof MessagingError)) return internal(error);
  switch (error.code) {
    case "address-full":
    case "window-full":
      return overloaded(error);
    case "timed-out":
      // Never sent, for lack of credit; or sent, and the confirmation did not come.
      return error.mayHaveArrived ? brokerUnavailable(error) : brokerBlocked(error);
    case "connection-failed":
    case "connection-lost":
    case "released":
    case "aborted":
    case "closed":
      return brokerUnavailable(error);
    default:
      return internal(error);
  }
}

/** The error for a fault of our own: it tells nothing, and its cause goes to the log. */
export function internal(cause: unknown): ApiError {
  return new ApiError("INTERNAL", "INTERNAL", "The service failed; the failure was logged.", { cause });
}
