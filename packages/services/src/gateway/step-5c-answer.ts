/** Step 5c: answers the callers that wait for a payment, once it is final. */
import type { Message } from "@quittance/sdk";
import { gatewayReply, type PaymentView } from "../shared/messages.js";
import type { Admission } from "./admission.js";
import type { Waiters } from "./waiters.js";

/** Who waits for payments, and who counts those in flight. */
export interface PaymentAnswerParts {
  readonly waiters: Waiters<PaymentView>;
  readonly admission: Admission;
}

/** Wakes whoever waits for the payment of a reply. @throws MessagingError when the reply cannot be read. */
export function answerPayment({ waiters, admission }: PaymentAnswerParts, reply: Message): void {
  const { payment } = reply.json(gatewayReply);
  admission.answered(payment.id);
  waiters.wake(payment);
}
