/** Step 5c: answers the callers that wait for a payment, once it is final. */
import type { Message } from "@quittance/sdk";
import { gatewayReplies, gatewayReply, type PaymentView } from "../shared/messages.js";
import type { Admission } from "./admission.js";
import type { Waiters } from "./waiters.js";

/** Who waits for payments, and who counts those in flight. */
export interface PaymentAnswerParts {
  readonly waiters: Waiters<PaymentView>;
  readonly admission: Admission;
}

/** Wakes whoever waits for the payment of a reply. @throws MessagingError when the reply cannot be read. */
export function answerPayment(parts: PaymentAnswerParts, reply: Message): void {
  answer(parts, reply.json(gatewayReply).payment);
}

/** The same for the payments of a batch. */
export function answerPayments(parts: PaymentAnswerParts, reply: Message): void {
  for (const { payment } of reply.json(gatewayReplies).answers) answer(parts, payment);
}

function answer({ waiters, admission }: PaymentAnswerParts, payment: PaymentView): void {
  admission.answered(payment.id);
  waiters.wake(payment);
}
