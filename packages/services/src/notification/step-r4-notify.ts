/** Step R4: tells how each refund ended. The gateway answers who waits in its own step R4. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { RefundEndMessage } from "../shared/refund-messages.js";
import { refundEvent } from "./compose-event.js";
import { composeRefundNotifications } from "./compose-notification.js";
import { type NotificationPlan, type NotificationTools, notifyEnds } from "./notify-ends.js";
import { refundTemplateNameOf, refundVariables } from "./template-variables.js";

/** Handles a batch of ends on `refund-result`. */
export function stepR4Notify(
  tools: NotificationTools,
  batch: readonly Incoming<RefundEndMessage>[],
): Promise<readonly Outcome[]> {
  return notifyEnds(tools, "R4", batch, planOf);
}

function planOf(end: RefundEndMessage): NotificationPlan {
  return {
    templateName: refundTemplateNameOf(end),
    variables: (language) => refundVariables(end, language),
    compose: (how) => composeRefundNotifications(end, how),
    event: (trace) => refundEvent(end, trace),
  };
}
