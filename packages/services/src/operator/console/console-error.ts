/** What the console answers with when it cannot do what was asked, beside what the gateway's doors answer. */
import { MessagingError } from "@quittance/sdk";
import pg from "pg";
import { ApiError, type ApiErrorReason } from "../../gateway/api-error.js";
import { RETRY_AFTER_MS } from "../../gateway/broker-failure.js";
import { failureReason } from "../../platform/failure-reason.js";

/** Why, for programs: the reasons of the gateway's doors, and those that are the console's own. */
export type ConsoleReason =
  | ApiErrorReason
  | "LETTER_NOT_FOUND"
  | "DATABASE_UNAVAILABLE"
  | "GATEWAY_UNAVAILABLE"
  | "SEARCH_TOO_LONG"
  | "HOST_NOT_ALLOWED";

export type ConsoleError = ApiError<ConsoleReason>;
export const ConsoleError = ApiError<ConsoleReason>;

/** What an error means that is none of ours; undefined when it is a fault of the console. */
export function consoleErrorOf(error: unknown): ConsoleError | undefined {
  if (error instanceof MessagingError) return away("BROKER_UNAVAILABLE", "broker", error);
  if (error instanceof pg.DatabaseError) return away("DATABASE_UNAVAILABLE", "database", error);
  return undefined;
}

/**
 * The error of a part that cannot be reached. It says why: whoever reads it is an operator.
 * @param part what is away.
 */
export function away(
  reason: "BROKER_UNAVAILABLE" | "DATABASE_UNAVAILABLE" | "GATEWAY_UNAVAILABLE",
  part: string,
  cause: unknown,
): ConsoleError {
  return new ConsoleError("UNAVAILABLE", reason, `The ${part} cannot be used just now: ${failureReason(cause)}.`, {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}
