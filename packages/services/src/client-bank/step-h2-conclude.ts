/** Step H2: captures or releases what payments hold, a batch in one transaction. From there they go on as after step 3. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { Transaction } from "../platform/database.js";
import { traceIdOf } from "../platform/log.js";
import { comeAgain, waitingSinceOf } from "../shared/come-again.js";
import type { HoldOrderMessage } from "../shared/hold-order.js";
import { bankResult } from "./bank-result.js";
import { decideHolds, type HoldDecision, type HoldOrdered } from "./decide-holds.js";
import { concludeHolds } from "./operations/conclude-holds.js";
import { lockHeldPayments } from "./operations/lock-held-payments.js";
import { paymentReplies, paymentUpdates } from "./outgoing.js";
import type { PaymentRecord } from "./payment-record.js";
import type { StepTools } from "./step-3-capture.js";

/** Handles a batch of `hold-order`. */
export async function stepH2Conclude(
  tools: StepTools,
  batch: readonly Incoming<HoldOrderMessage>[],
): Promise<readonly Outcome[]> {
  const orders = batch.map(({ body, message }) => ({ ...body, waitingSinceMs: waitingSinceOf(message) }));
  const decisions = await tools.database.transaction((transaction) => concludeOrders(transaction, orders, tools.now));
  for (const { message } of batch) tools.gateways.met(message.replyTo);
  // A payment that goes on is answered in step 5b, when it is final.
  const replies = paymentReplies(
    tools,
    batch.map(({ message }, place) => {
      const payment = answeredBy(decisions[place] as HoldDecision);
      return payment && { payment, message };
    }),
  );
  return batch.map(({ body, message }, place) => {
    const decision = decisions[place] as HoldDecision;
    const { action, paymentId } = body;
    const facts = { step: "H2", payment: paymentId, action, trace: traceIdOf(message.traceparent) };
    if (decision.outcome === "waits") {
      tools.log.info({ ...facts, outcome: "waits for its payment" }, "conclude");
      return { send: [comeAgain(tools, message, decision.sinceMs)] };
    }
    if (decision.outcome === "unknown") {
      tools.log.warn({ ...facts, outcome: "there is no such payment" }, "conclude");
      return {};
    }
    const { outcome, payment, isNew } = decision;
    const refusal = outcome === "refused" ? decision.refusal : undefined;
    tools.log.info(
      { ...facts, outcome, refusal, repeated: (outcome === "concluded" && !isNew) || undefined },
      "conclude",
    );
    if (isNew) tools.outcomes.holdEnded(payment);
    // Repeated as well, until it is final: the process may have died between the commit and the send. After a hold that this
    // order found expired, the order that comes again is a refused one: it sends the payment on too.
    const goesOn = payment.state === "PENDING" && payment.authorizeTime !== null;
    const updates = isNew ? paymentUpdates(tools, payment) : [];
    return {
      send: [...(goesOn ? [bankResult(tools.envelopes, payment, message)] : []), ...(replies[place] ?? []), ...updates],
    };
  });
}

/** The payment, when how it stands now is the answer to the order. */
function answeredBy(decision: HoldDecision): PaymentRecord | undefined {
  if (decision.outcome === "refused" || decision.outcome === "expired") return decision.payment;
  return decision.outcome === "concluded" && decision.payment.state !== "PENDING" ? decision.payment : undefined;
}

/** Decides about the orders and writes what is new: two round trips, BEGIN and COMMIT included, whatever their number. */
export async function concludeOrders(
  transaction: Transaction,
  orders: readonly HoldOrdered[],
  now: () => number,
): Promise<readonly HoldDecision[]> {
  const payments = await lockHeldPayments(transaction, [...new Set(orders.map(({ paymentId }) => paymentId))]);
  const decisions = decideHolds(orders, { payments, now: now() });
  const concluded = decisions.flatMap((decision) =>
    "payment" in decision && decision.isNew ? [decision.payment] : [],
  );
  await Promise.all([concluded.length > 0 && concludeHolds(transaction, concluded), transaction.commit()]);
  return decisions;
}
