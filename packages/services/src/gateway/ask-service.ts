/** A question to a service over the broker, for the gateway keeps nothing. */
import { type Message, MessagingError } from "@quittance/sdk";
import { type AskParts, askSigned, type SignedQuestion, UnprovenAnswerError } from "../shared/ask-signed.js";
import type { ApiError } from "./api-error.js";
import { brokerUnavailable, fromBrokerFailure } from "./broker-failure.js";

export type { AskParts } from "../shared/ask-signed.js";

/** What is asked, and what is said when nobody answers. */
export interface Question extends SignedQuestion {
  /** The error when no answer comes in time, or its service did not sign it. */
  readonly unanswered: (cause: unknown) => ApiError;
}

/**
 * Asks the one service that reads this kind of message.
 * @throws ApiError UNAVAILABLE when the broker is away; the question's own error when it is not answered.
 */
export async function askService(
  parts: AskParts,
  { unanswered, ...question }: Question,
  options: { readonly timeoutMs: number; readonly traceparent?: string },
): Promise<Message> {
  if (parts.connection.state.name !== "open") throw brokerUnavailable();
  try {
    return await askSigned(parts, question, options);
  } catch (error) {
    const isLate = error instanceof MessagingError && error.code === "timed-out";
    if (isLate || error instanceof UnprovenAnswerError) throw unanswered(error);
    throw fromBrokerFailure(error);
  }
}
