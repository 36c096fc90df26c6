/** A read that is asked of client-bank over the broker. */
import type { Message } from "@quittance/sdk";
import type { PaymentReadRequest } from "../shared/read-messages.js";
import { ApiError } from "./api-error.js";
import { type AskParts, askService } from "./ask-service.js";
import { RETRY_AFTER_MS } from "./broker-failure.js";

export type { AskParts } from "./ask-service.js";

/**
 * Asks client-bank.
 * @throws ApiError UNAVAILABLE when the broker is away, no answer comes in time, or client-bank did not sign it.
 */
export function askClientBank(
  parts: AskParts,
  request: PaymentReadRequest,
  options: { readonly timeoutMs: number; readonly traceparent?: string },
): Promise<Message> {
  const kinds = { kind: "payment-read", answer: "payment-read-reply" } as const;
  return askService(parts, { ...kinds, body: request, unanswered: readsUnavailable }, options);
}

/** The error of a read that had no answer, in time and believed. */
export function readsUnavailable(cause?: unknown): ApiError {
  return new ApiError("UNAVAILABLE", "READS_UNAVAILABLE", "Payments cannot be read just now; try again.", {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}
