/** The gateway's own reply queue, whose messages wake the callers that wait: steps 5c and R4. */
import type { Connection, Message, TemporaryQueue } from "@quittance/sdk";
import type { Logger } from "../platform/log.js";
import type { Envelopes } from "../shared/envelope.js";
import { REFUND_REPLY_TYPE } from "../shared/refund-messages.js";
import { answerPayment, type PaymentAnswerParts } from "./step-5c-answer.js";
import { answerRefund, type RefundAnswerParts } from "./step-r4-answer.js";

/** Replies on their way at once. They are small, and handled as they come. */
const CREDIT_WINDOW = 1_000;

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
    const kind = message.type === REFUND_REPLY_TYPE ? REFUND_REPLY_TYPE : "gateway-reply";
    const problem = envelopes.problemOf(kind, message);
    if (problem !== undefined) {
      envelopes.countRefused(kind, problem);
      log.warn({ problem, payment: message.correlationId }, "a reply is not believed: it wakes nobody");
      return;
    }
    try {
      if (kind === REFUND_REPLY_TYPE) answerRefund(options, message);
      else answerPayment(options, message);
    } catch (error) {
      log.warn({ err: error, payment: message.correlationId }, "a reply could not be read: its caller waits in vain");
    }
  }
}
