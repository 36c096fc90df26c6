/** Step 5a: tells how each payment ended. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { PaymentEndMessage } from "../shared/messages.js";
import { paymentEvent } from "./compose-event.js";
import { composeNotifications } from "./compose-notification.js";
import { type NotificationPlan, type NotificationTools, notifyEnds } from "./notify-ends.js";
import { templateNameOf, templateVariables } from "./template-variables.js";

/** Handles a batch of ends on `transaction-result`. */
export function step5aNotify(
  tools: NotificationTools,
  batch: readonly Incoming<PaymentEndMessage>[],
): Promise<readonly Outcome[]> {
  return notifyEnds(tools, "5a", batch, planOf);
}

function planOf(end: PaymentEndMessage): NotificationPlan {
  return {
    templateName: templateNameOf(end),
    variables: (language) => templateVariables(end, language),
    compose: (how) => composeNotifications(end, how),
    event: (trace) => paymentEvent(end, trace),
  };
}
