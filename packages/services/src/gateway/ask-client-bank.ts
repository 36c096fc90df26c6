/** A read that is asked of client-bank over the broker, for the gateway keeps nothing. */
import { type Connection, type Message, MessagingError } from "@quittance/sdk";
import type { Envelopes } from "../shared/envelope.js";
import { CHANNELS, destinationOf } from "../shared/queue-map.js";
import type { PaymentReadRequest } from "../shared/read-messages.js";
import { ApiError } from "./api-error.js";
import { brokerUnavailable, fromBrokerFailure, RETRY_AFTER_MS } from "./broker-failure.js";

const ANSWER = "payment-read-reply";

export interface AskParts {
  readonly connection: Connection;
  readonly envelopes: Envelopes;
}

/**
 * Asks client-bank.
 * @throws ApiError UNAVAILABLE when the broker is away, no answer comes in time, or client-bank did not sign it.
 */
export async function askClientBank(
  { connection, envelopes }: AskParts,
  request: PaymentReadRequest,
  options: { readonly timeoutMs: number; readonly traceparent?: string },
): Promise<Message> {
  if (connection.state.name !== "open") throw brokerUnavailable();
  const { timeoutMs, ...headers } = options;
  try {
    const reply = await connection.request(
      destinationOf(CHANNELS.paymentRead),
      envelopes.message("payment-read", request, headers),
      { timeoutMs },
    );
    const problem = envelopes.problemOf(ANSWER, reply);
    if (problem === undefined) return reply;
    envelopes.countRefused(ANSWER, problem);
    throw readsUnavailable(new Error(`The answer of client-bank is not believed: ${problem}.`));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error instanceof MessagingError && error.code === "timed-out") throw readsUnavailable(error);
    throw fromBrokerFailure(error);
  }
}

/** The error of a read that had no answer, in time and believed. */
export function readsUnavailable(cause?: unknown): ApiError {
  return new ApiError("UNAVAILABLE", "READS_UNAVAILABLE", "Payments cannot be read just now; try again.", {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}
