/** A question that one service asks another over the broker, and believes the answer only with its signature. */
import type { Connection, Message } from "@quittance/sdk";
import type { MessageKind } from "../topology/channel-table.js";
import type { Envelopes } from "./envelope.js";
import { channelOf, MESSAGE_KINDS } from "./message-kinds.js";
import { destinationOf } from "./queue-map.js";

export interface AskParts {
  readonly connection: Connection;
  readonly envelopes: Envelopes;
}

/** What is asked. */
export interface SignedQuestion {
  readonly kind: MessageKind;
  /** The kind of its answer. */
  readonly answer: MessageKind;
  readonly body: object;
}

/** Thrown for an answer that its service did not sign. */
export class UnprovenAnswerError extends Error {
  override readonly name = "UnprovenAnswerError";
}

/**
 * Asks the one service that reads this kind of message.
 * @throws MessagingError, `timed-out` when no answer comes in time; UnprovenAnswerError, counted, for one that is not believed.
 */
export async function askSigned(
  { connection, envelopes }: AskParts,
  { kind, answer, body }: SignedQuestion,
  options: { readonly timeoutMs: number; readonly traceparent?: string },
): Promise<Message> {
  const { timeoutMs, ...headers } = options;
  const message = envelopes.message(kind, body, headers);
  const reply = await connection.request(destinationOf(channelOf(kind)), message, { timeoutMs });
  const problem = envelopes.problemOf(answer, reply);
  if (problem === undefined) return reply;
  envelopes.countRefused(answer, problem);
  const { writer } = MESSAGE_KINDS[answer];
  throw new UnprovenAnswerError(`The answer of ${writer} is not believed: ${problem}.`);
}
