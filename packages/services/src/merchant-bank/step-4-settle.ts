/** Step 4: credits the merchant and records the receipt, a batch in one transaction. */
import type { Incoming, Outcome } from "@quittance/sdk";
import type { Database, Transaction } from "../platform/database.js";
import { type Logger, traceIdOf } from "../platform/log.js";
import type { Envelopes } from "../shared/envelope.js";
import type { BankResultMessage, TransactionResultMessage } from "../shared/messages.js";
import { decideSettlements, type SettlementDecision } from "./decide-settlements.js";
import { findReceipts } from "./operations/find-receipts.js";
import { lockMerchants } from "./operations/lock-merchants.js";
import { recordSettlements } from "./operations/record-settlements.js";
import type { Receipt } from "./receipt.js";

/** What the step works with. */
export interface StepTools {
  readonly database: Database;
  readonly log: Logger;
  readonly envelopes: Envelopes;
  /** The clock: milliseconds since 1970. */
  readonly now: () => number;
}

/** Handles a batch of `bank-result`. */
export async function step4Settle(
  tools: StepTools,
  batch: readonly Incoming<BankResultMessage>[],
): Promise<readonly Outcome[]> {
  const messages = batch.map(({ body }) => body);
  const decisions = await tools.database.transaction((transaction) => settlePayments(transaction, messages, tools.now));
  return batch.map(({ body, message }, place) => {
    const decision = decisions[place] as SettlementDecision;
    const facts = { step: "4", payment: body.paymentId, trace: traceIdOf(message.traceparent) };
    if (decision.outcome === "impossible") {
      tools.log.error({ ...facts, reason: decision.reason }, "settle");
      return { deadLetter: decision.reason };
    }
    const { receipt, isNew } = decision;
    const { outcome, declineReason } = receipt;
    tools.log.info({ ...facts, outcome, decline: declineReason ?? undefined, repeated: !isNew || undefined }, "settle");
    const result = transactionResult(body, receipt);
    const origin = { correlationId: body.paymentId, input: message };
    return { send: [tools.envelopes.outcome("transaction-result", result, origin)] };
  });
}

/**
 * Decides about the messages and writes what is new: two round trips, BEGIN and COMMIT included, whatever their number. The
 * merchants are locked before we look for what is recorded, so that a receipt which another process is writing for the
 * same merchant is found once its transaction has ended.
 */
export async function settlePayments(
  transaction: Transaction,
  messages: readonly BankResultMessage[],
  now: () => number,
): Promise<readonly SettlementDecision[]> {
  const ids = new Set<string>();
  for (const { merchantId, declineReason } of messages) if (declineReason === undefined) ids.add(merchantId);
  const [merchants, recorded] = await Promise.all([
    ids.size === 0 ? [] : lockMerchants(transaction, [...ids]),
    findReceipts(transaction, [...new Set(messages.map(({ paymentId }) => paymentId))]),
  ]);
  const decisions = decideSettlements(messages, { merchants, recorded, now: now() });
  const fresh = decisions.flatMap((decision) =>
    decision.outcome === "recorded" && decision.isNew ? [decision.receipt] : [],
  );
  await Promise.all([fresh.length > 0 && recordSettlements(transaction, fresh), transaction.commit()]);
  return decisions;
}

/** The outcome, from what is recorded: the same however often, and for whichever of its messages, it is sent. */
function transactionResult(body: BankResultMessage, receipt: Receipt): TransactionResultMessage {
  return {
    ...body,
    settleTime: receipt.settleTime,
    ...(receipt.declineReason !== null && { declineReason: receipt.declineReason }),
    ...(receipt.declinedBy !== null && { declinedBy: receipt.declinedBy }),
  };
}
