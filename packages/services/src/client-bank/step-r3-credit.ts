/** Step R3: credits the client and makes the refund final, a batch in one transaction; then tells how it ended. */
import type { Incoming, Outcome, Outgoing } from "@quittance/sdk";
import type { Transaction } from "../platform/database.js";
import { traceIdOf } from "../platform/log.js";
import type { Envelopes } from "../shared/envelope.js";
import { MESSAGE_VERSION } from "../shared/messages.js";
import type { RefundAnswerBody, RefundEndMessage, RefundResultMessage } from "../shared/refund-messages.js";
import { decideRefunds, type RefundDecision } from "./decide-refunds.js";
import { answerWeight, finalReplies } from "./final-replies.js";
import { findRefunds } from "./operations/find-refunds.js";
import { lockPayments } from "./operations/lock-payments.js";
import { recordOtherIds } from "./operations/record-other-ids.js";
import { recordRefunds } from "./operations/record-refunds.js";
import { paymentUpdates, refundUpdates } from "./outgoing.js";
import { type PaymentRecord, paymentViewOf } from "./payment-record.js";
import { refundViewOf } from "./refund-record.js";
import type { StepTools } from "./step-3-capture.js";

/** Handles a batch of verdicts on `refund-result`. Ends and answers leave after the commit: who was told REFUNDED reads it. */
export async function stepR3Credit(
  tools: StepTools,
  batch: readonly Incoming<RefundResultMessage>[],
): Promise<readonly Outcome[]> {
  const messages = batch.map(({ body }) => body);
  const decisions = await tools.database.transaction((transaction) => creditRefunds(transaction, messages, tools.now));
  for (const { message } of batch) tools.gateways.met(message.replyTo);
  const replies = finalReplies(
    tools,
    { one: "refund-reply", several: "refund-replies" },
    batch.map(({ message }, place) => {
      const decision = decisions[place] as RefundDecision;
      if (decision.outcome !== "final") return undefined;
      const body = viewsOf(decision);
      const weight = answerWeight(body.refund, body.payment);
      return { id: decision.refund.id, input: message, body, weight };
    }),
  );
  return batch.map(({ body, message }, place) => {
    const decision = decisions[place] as RefundDecision;
    const facts = { step: "R3", refund: body.refundId, payment: body.paymentId, trace: traceIdOf(message.traceparent) };
    if (decision.outcome === "impossible") {
      tools.log.error({ ...facts, reason: decision.reason }, "credit");
      return { deadLetter: decision.reason };
    }
    const { refund, payment, isNew } = decision;
    const { state, declineReason } = refund;
    tools.log.info({ ...facts, state, decline: declineReason ?? undefined, repeated: !isNew || undefined }, "credit");
    const send = [refundEnd(tools.envelopes, decision), ...(replies[place] ?? [])];
    if (isNew) {
      tools.outcomes.refund(refund, message.traceparent);
      send.push(...refundUpdates(tools, refund));
    }
    if (isNew && state === "SUCCEEDED" && payment !== undefined) send.push(...paymentUpdates(tools, payment));
    return { send };
  });
}

/** Decides about the messages and writes what is new: two round trips, BEGIN and COMMIT included, whatever their number. */
export async function creditRefunds(
  transaction: Transaction,
  messages: readonly RefundResultMessage[],
  now: () => number,
): Promise<readonly RefundDecision[]> {
  const [payments, recorded] = await Promise.all([
    lockPayments(transaction, [...new Set(messages.map(({ paymentId }) => paymentId))]),
    findRefunds(transaction, [...new Set(messages.map(({ refundId }) => refundId))]),
  ]);
  const decisions = decideRefunds(messages, { payments, recorded, now: now() });
  const fresh = decisions.flatMap((decision) => (decision.outcome === "final" && decision.isNew ? [decision] : []));
  const changed = new Map<string, PaymentRecord>();
  // The last one of a payment tells how all of them left it.
  for (const { refund, payment } of fresh) {
    if (refund.state === "SUCCEEDED" && payment !== undefined) changed.set(payment.id, payment);
  }
  const refunds = fresh.map(({ refund }) => refund);
  const others = messages.flatMap(({ refundId, otherId }) =>
    otherId === undefined ? [] : [{ id: otherId, recordedAs: refundId }],
  );
  await Promise.all([
    refunds.length > 0 && recordRefunds(transaction, refunds, changed),
    others.length > 0 && recordOtherIds(transaction, others),
    transaction.commit(),
  ]);
  return decisions;
}

type FinalDecision = Extract<RefundDecision, { readonly outcome: "final" }>;

/** Tells how a refund ended, as it is booked. */
function refundEnd(envelopes: Envelopes, decision: FinalDecision): Outgoing {
  const end: RefundEndMessage = {
    version: MESSAGE_VERSION,
    merchantId: decision.refund.merchantId,
    ...viewsOf(decision),
  };
  return envelopes.end("refund-end", end, end.refund.id);
}

/** The gateway lets nobody name another merchant's payment; nor is one shown here. */
function viewsOf({ refund, payment }: FinalDecision): RefundAnswerBody {
  return {
    refund: refundViewOf(refund),
    ...(payment?.merchantId === refund.merchantId && { payment: paymentViewOf(payment) }),
  };
}
