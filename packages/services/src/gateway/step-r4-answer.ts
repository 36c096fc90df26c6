/** Step R4: answers the callers that wait for a refund, once it is final. notification tells others in its own step R4. */
import type { Message } from "@quittance/sdk";
import { refundReply } from "../shared/refund-messages.js";
import type { Admission } from "./admission.js";
import type { RefundFinal } from "./step-r1-accept.js";
import type { Waiters } from "./waiters.js";

/** Who waits for refunds, and who counts those in flight. */
export interface RefundAnswerParts {
  readonly refundWaiters: Waiters<RefundFinal>;
  readonly admission: Admission;
}

/** Wakes whoever waits for the refund of a reply. @throws MessagingError when the reply cannot be read. */
export function answerRefund({ refundWaiters, admission }: RefundAnswerParts, reply: Message): void {
  const { refund, payment } = reply.json(refundReply);
  admission.answered(refund.id);
  refundWaiters.wake({ id: refund.id, refund, payment });
}
