/** A question to a service over the broker, for the gateway keeps nothing. */
import { type Connection, type Message, MessagingError } from "@quittance/sdk";
import type { Envelopes } from "../shared/envelope.js";
import { MESSAGE_KINDS } from "../shared/message-kinds.js";
import { destinationOf } from "../shared/queue-map.js";
import type { MessageKind } from "../topology/channel-table.js";
import { ApiError } from "./api-error.js";
import { brokerUnavailable, fromBrokerFailure } from "./broker-failure.js";

export interface AskParts {
  readonly connection: Connection;
  readonly envelopes: Envelopes;
}

/** What is asked, and what is said when nobody answers. */
export interface Question {
  readonly kind: MessageKind;
  readonly answer: MessageKind;
  readonly body: object;
  /** The error when no answer comes in time, or its service did not sign it. */
  readonly unanswered: (cause: unknown) => ApiError;
}

/**
 * Asks the one service that reads this kind of message.
 * @throws ApiError UNAVAILABLE when the broker is away; the question's own error when it is not answered.
 */
export async function askService(
  { connection, envelopes }: AskParts,
  { kind, answer, body, unanswered }: Question,
  options: { readonly timeoutMs: number; readonly traceparent?: string },
): Promise<Message> {
  if (connection.state.name !== "open") throw brokerUnavailable();
  const { channel } = MESSAGE_KINDS[kind];
  if (channel === undefined) throw new Error(`${kind} has no channel.`);
  const { timeoutMs, ...headers } = options;
  try {
    const message = envelopes.message(kind, body, headers);
    const reply = await connection.request(destinationOf(channel), message, { timeoutMs });
    const problem = envelopes.problemOf(answer, reply);
    if (problem === undefined) return reply;
    envelopes.countRefused(answer, problem);
    const { writer } = MESSAGE_KINDS[answer];
    throw unanswered(new Error(`The answer of ${writer} is not believed: ${problem}.`));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error instanceof MessagingError && error.code === "timed-out") throw unanswered(error);
    throw fromBrokerFailure(error);
  }
}
