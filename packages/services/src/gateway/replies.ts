/** The gateway's own reply queue, whose messages wake the callers that wait: steps 5c and R4. */
import type { Connection, Message, TemporaryQueue } from "@quittance/sdk";
import type { Logger } from "../platform/log.js";
import type { Envelopes } from "../shared/envelope.js";
import { answerPayment, answerPayments, type PaymentAnswerParts } from "./step-5c-answer.js";
import { answerRefund, answerRefunds, type RefundAnswerParts } from "./step-r4-answer.js";

/** Replies on their way at once. They are small, and handled as they come. */
const CREDIT_WINDOW = 1_000;

/** How each kind of reply is answered, by its JMSType. */
const ANSWERS = {
  "gateway-reply": answerPayment,
  "gateway-replies": answerPayments,
  "refund-reply": answerRefund,
  "refund-replies": answerRefunds,
} as const;
type ReplyKind = keyof typeof ANSWERS;

/** What says that it is something else has no signature for this kind. */
function kindOf({ type = "" }: Message): ReplyKind {
  return Object.hasOwn(ANSWERS, type) ? (type as ReplyKind) : "gateway-reply";
}

/**
 * Reads replies into the waiters for as long as the connection lives.
 * @returns the queue to name as JMSReplyTo.
 */
export async function receiveReplies(
  options: PaymentAnswerParts &
    RefundAnswerParts & { readonly connection: Connection; readonly envelopes: Envelopes; readonly log: Logger },
): Promise<TemporaryQueue> {
  const { connection, envelopes, admission, log } = options;
  const replyQueue = await connection.createTemporaryQueue();
  // An answer can be read again, so that nothing is lost when the gateway stops with replies in hand.
  await connection.createConsumer(replyQueue, { acknowledge: "auto", creditWindow: CREDIT_WINDOW, onMessage: wake });
  // A queue of replies is gone with its connection, and what was on its way to it.
  connection.onState((state) => state.name === "reconnecting" && admission.forget());
  return replyQueue;

  function wake(message: Message): void {
    const kind = kindOf(message);
    const problem = envelopes.problemOf(kind, message);
    if (problem !== undefined) {
      envelopes.countRefused(kind, problem);
      log.warn({ problem, payment: message.correlationId }, "a reply is not believed: it wakes nobody");
      return;
    }
    try {
      ANSWERS[kind](options, message);
    } catch (error) {
      log.warn({ err: error, payment: message.correlationId }, "a reply could not be read: its caller gets none");
    }
  }
}
