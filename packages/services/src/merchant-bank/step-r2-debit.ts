/** Step R2: debits the merchant and records the refund, a batch in one transaction. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { Transaction } from "../platform/database.js";
import { traceIdOf } from "../platform/log.js";
import { comeAgain, waitingSinceOf } from "../shared/come-again.js";
import { merchantDataOf } from "../shared/merchant-data.js";
import { MESSAGE_VERSION } from "../shared/messages.js";
import type { RefundMessage, RefundResultMessage } from "../shared/refund-messages.js";
import { reuseOf } from "../shared/request-id-reuse.js";
import { decideRefunds, type RefundDecision, type RefundRequested } from "./decide-refunds.js";
import { findRefunds } from "./operations/find-refunds.js";
import { lockMerchants } from "./operations/lock-merchants.js";
import { type LockedReceipt, lockReceipts } from "./operations/lock-receipts.js";
import { recordRefunds } from "./operations/record-refunds.js";
import type { RefundRecord } from "./refund-record.js";
import type { StepTools } from "./step-4-settle.js";

/** What was decided about a batch, and the receipts of its payments. */
export interface DebitedRefunds {
  readonly decisions: readonly RefundDecision[];
  readonly receipts: ReadonlyMap<string, LockedReceipt>;
}

/** Handles a batch of `refund`. */
export async function stepR2Debit(
  tools: StepTools,
  batch: readonly Incoming<RefundMessage>[],
): Promise<readonly Outcome[]> {
  const messages = batch.map(({ body, message }) => ({ ...body, waitingSinceMs: waitingSinceOf(message) }));
  const { decisions, receipts } = await tools.database.transaction((transaction) =>
    debitRefunds(transaction, messages, tools.now),
  );
  return batch.map(({ body, message }, place) => {
    const decision = decisions[place] as RefundDecision;
    const outgoing = (result: RefundResultMessage) =>
      tools.envelopes.outcome("refund-result", result, { correlationId: result.refundId, input: message });
    const facts = { step: "R2", refund: body.refundId, payment: body.paymentId, trace: traceIdOf(message.traceparent) };
    if (decision.outcome === "impossible") {
      tools.log.error({ ...facts, reason: decision.reason }, "debit");
      return { deadLetter: decision.reason };
    }
    if (decision.outcome === "waits") {
      tools.log.info({ ...facts, outcome: "waits for its payment" }, "debit");
      return { send: [comeAgain(tools, message, decision.sinceMs)] };
    }
    const { refund, isNew } = decision;
    const { outcome, declineReason, standingId } = refund;
    tools.log.info(
      {
        ...facts,
        outcome,
        decline: declineReason ?? undefined,
        standing: standingId ?? undefined,
        repeated: !isNew || undefined,
      },
      "debit",
    );
    const result = refundResult(refund, receipts.get(refund.paymentId));
    return { send: [outgoing(refund.id === body.refundId ? result : { ...result, otherId: body.refundId })] };
  });
}

/**
 * Decides about the messages and writes what is new: two round trips, BEGIN and COMMIT included, whatever their number. The
 * merchants are locked first, as in step 4, then the receipts: the sum that a receipt holds under its lock is what
 * decides how much of a payment may still be refunded, whoever asks at the same time.
 */
export async function debitRefunds(
  transaction: Transaction,
  messages: readonly RefundRequested[],
  now: () => number,
): Promise<DebitedRefunds> {
  const [merchants, receipts, recorded] = await Promise.all([
    lockMerchants(transaction, [...new Set(messages.map(({ merchantId }) => merchantId))]),
    lockReceipts(transaction, [...new Set(messages.map(({ paymentId }) => paymentId))]),
    findRefunds(transaction, messages),
  ]);
  const decisions = decideRefunds(messages, { merchants, receipts, recorded, now: now() });
  const fresh = decisions.flatMap((decision) =>
    decision.outcome === "recorded" && decision.isNew ? [decision.refund] : [],
  );
  await Promise.all([fresh.length > 0 && recordRefunds(transaction, fresh), transaction.commit()]);
  return { decisions, receipts };
}

/** The outcome, from what is recorded: the same however often, and for whichever of its messages, it is sent. */
export function refundResult(refund: RefundRecord, receipt: LockedReceipt | undefined): RefundResultMessage {
  const reuse = reuseOf(refund);
  return {
    version: MESSAGE_VERSION,
    refundId: refund.id,
    paymentId: refund.paymentId,
    requestId: refund.requestId,
    merchantId: refund.merchantId,
    parametersHash: refund.parametersHash,
    ...(refund.amount !== null &&
      refund.currency !== null && {
        amount: { currencyCode: refund.currency, minorUnits: refund.amount.toString() },
      }),
    ...merchantDataOf(refund),
    acceptTime: refund.acceptTime,
    debitTime: refund.debitTime,
    ...(refund.declineReason !== null && { declineReason: refund.declineReason }),
    ...(reuse !== undefined && { reuse }),
    ...(receipt?.outcome === "credited" && { settleTime: receipt.settleTime }),
  };
}
