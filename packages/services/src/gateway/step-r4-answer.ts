/** Step R4: answers the callers that wait for a refund, once it is final. notification tells others in its own step R4. */
import type { Message } from "@quittance/sdk";
import { type RefundAnswerBody, refundReplies, refundReply } from "../shared/refund-messages.js";
import type { Admission } from "./admission.js";
import type { RefundFinal } from "./step-r1-accept.js";
import type { Waiters } from "./waiters.js";

/** Who waits for refunds, and who counts those in flight. */
export interface RefundAnswerParts {
  readonly refundWaiters: Waiters<RefundFinal>;
  readonly admission: Admission;
}

/** Wakes whoever waits for the refund of a reply. @throws MessagingError when the reply cannot be read. */
export function answerRefund(parts: RefundAnswerParts, reply: Message): void {
  answer(parts, reply.json(refundReply));
}

/** The same for the refunds of a batch. */
export function answerRefunds(parts: RefundAnswerParts, reply: Message): void {
  for (const one of reply.json(refundReplies).answers) answer(parts, one);
}

function answer({ refundWaiters, admission }: RefundAnswerParts, { refund, payment }: RefundAnswerBody): void {
  admission.answered(refund.id);
  refundWaiters.wake({ id: refund.id, refund, payment });
}
