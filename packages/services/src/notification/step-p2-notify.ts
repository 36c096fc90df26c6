/** Step P2: tells a merchant that money was paid out. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { PayoutMessage } from "../shared/payout-message.js";
import { payoutEvent } from "./compose-event.js";
import { composePayoutNotifications } from "./compose-notification.js";
import { type NotificationPlan, type NotificationTools, notifyEnds } from "./notify-ends.js";
import { payoutVariables } from "./template-variables.js";

/** Handles a batch of payouts. */
export function stepP2Notify(
  tools: NotificationTools,
  batch: readonly Incoming<PayoutMessage>[],
): Promise<readonly Outcome[]> {
  return notifyEnds(tools, "P2", batch, planOf);
}

function planOf(payout: PayoutMessage): NotificationPlan {
  return {
    templateName: "payout",
    variables: (language) => payoutVariables(payout, language),
    compose: (how) => composePayoutNotifications(payout, how),
    event: (trace) => payoutEvent(payout, trace),
  };
}
