/**
 * What must be true of each payment: one statement reads a range of payments and answers with those that break a
 * rule. The books statement (operator/books-statement.ts) asks the same and counts; this one names.
 */
import pg from "pg";
import {
  CLIENT_ENTRIES_WRONG,
  CLIENT_ROW_WRONG,
  clientEntries,
  MERCHANT_ENTRIES_WRONG,
  MERCHANT_RECEIPT_WRONG,
  merchantEntries,
  SETTLED_AMOUNT,
} from "../../shared/books-rules.js";
import { type IdRange, inRange } from "./id-ranges.js";

/** The checks of single payments, each with what it says. */
export const PAYMENT_CHECKS = {
  "client-entries": "client-bank: the entries of each payment add up to zero",
  "client-row": "client-bank: each payment has the entries that its row tells",
  "merchant-entries": "merchant-bank: the entries of each payment add up to zero",
  "merchant-receipt": "merchant-bank: each receipt has the entries that it tells",
  pair: "both banks: each payment and its receipt tell the same",
  "in-flight": "both banks: no payment is unfinished for longer than the bound",
} as const;
export type PaymentCheck = keyof typeof PAYMENT_CHECKS;

/** A payment with a discrepancy, and what each table says of it; null where a table does not know it. */
export interface PaymentFacts {
  readonly id: string;
  readonly checks: readonly PaymentCheck[];
  readonly state: string | null;
  readonly clientId: string | null;
  readonly currency: string | null;
  readonly amount: bigint | null;
  readonly merchantId: string | null;
  readonly capturedAmount: bigint | null;
  readonly givenBackAmount: bigint | null;
  readonly declineReason: string | null;
  readonly captureTime: Date | null;
  readonly clientTotal: bigint | null;
  readonly captured: bigint | null;
  /** Refunded: by each bank's row, and by its entries. */
  readonly refundedAmount: bigint | null;
  readonly clientRefunded: bigint | null;
  readonly receiptRefundedAmount: bigint | null;
  readonly merchantRefunded: bigint | null;
  /** The accounts other than clearing that its entries touch: the first and the last. */
  readonly clientAccount: string | null;
  readonly otherClientAccount: string | null;
  readonly givenBack: bigint | null;
  readonly outcome: string | null;
  readonly receiptCurrency: string | null;
  readonly receiptAmount: bigint | null;
  readonly receiptMerchantId: string | null;
  readonly receiptDeclineReason: string | null;
  readonly settleTime: Date | null;
  readonly merchantTotal: bigint | null;
  readonly credited: bigint | null;
}

interface Found extends PaymentFacts {
  /** Of the whole range, however many rows are answered. */
  readonly all: bigint;
}

function statement(range: IdRange): string {
  const within = (column: string) => inRange(column, range, pg.escapeLiteral);
  return `\
WITH c AS (
  ${clientEntries(within("payment_id"))}
), m AS (
  ${merchantEntries(within("payment_id"))}
), p AS (
  SELECT * FROM client_bank.payments WHERE ${within("id")}
), r AS (
  SELECT payment_id AS id, * FROM merchant_bank.receipts WHERE ${within("payment_id")}
), judged AS (
  SELECT id, array_remove(ARRAY[
    CASE WHEN ${CLIENT_ENTRIES_WRONG} THEN 'client-entries' END,
    CASE WHEN ${CLIENT_ROW_WRONG} THEN 'client-row' END,
    CASE WHEN ${MERCHANT_ENTRIES_WRONG} THEN 'merchant-entries' END,
    CASE WHEN ${MERCHANT_RECEIPT_WRONG} THEN 'merchant-receipt' END,
    CASE WHEN r.outcome IS NOT NULL AND p.state IS NULL
           OR r.outcome IS NULL AND p.state NOT IN ('PENDING', 'AUTHORIZED')
           OR (r.merchant_id, r.currency, r.amount) <> (p.merchant_id, p.currency, ${SETTLED_AMOUNT})
           OR p.state IS NOT NULL AND r.declined_by = 'client-side' AND r.decline_reason IS DISTINCT FROM p.decline_reason
           OR r.declined_by IS DISTINCT FROM 'client-side' AND r.outcome IS NOT NULL AND p.captured_amount = 0
           OR r.outcome = 'credited' AND p.state NOT IN ('PENDING', 'SUCCEEDED', 'REFUNDED')
           OR r.outcome = 'declined' AND p.state NOT IN ('PENDING', 'DECLINED', 'CANCELED')
           OR r.outcome IS NOT NULL AND p.state IN ('DECLINED', 'CANCELED') AND r.decline_reason IS DISTINCT FROM p.decline_reason
           OR p.refunded_amount > r.refunded_amount
         THEN 'pair' END,
    CASE WHEN p.state = 'PENDING' AND p.capture_time < now() - make_interval(secs => $1) THEN 'in-flight' END
  ], NULL) AS checks,
    p.state, p.client_id, p.currency, p.amount, p.merchant_id, p.captured_amount, p.given_back_amount,
    p.decline_reason, p.capture_time, c.total AS client_total, c.captured, c.given_back,
    p.refunded_amount, c.refunded AS client_refunded,
    r.refunded_amount AS receipt_refunded_amount, m.refunded AS merchant_refunded, c.account AS client_account, c.other_account AS other_client_account,
    r.outcome, r.currency AS receipt_currency, r.amount AS receipt_amount, r.merchant_id AS receipt_merchant_id,
    r.decline_reason AS receipt_decline_reason, r.settle_time, m.total AS merchant_total, m.credited
  FROM p FULL JOIN c USING (id) FULL JOIN r USING (id) FULL JOIN m USING (id)
)
SELECT id, checks, state, client_id AS "clientId", currency, amount, merchant_id AS "merchantId",
  captured_amount AS "capturedAmount", given_back_amount AS "givenBackAmount", decline_reason AS "declineReason",
  capture_time AS "captureTime", client_total AS "clientTotal", captured, given_back AS "givenBack",
  refunded_amount AS "refundedAmount", client_refunded AS "clientRefunded",
  receipt_refunded_amount AS "receiptRefundedAmount", merchant_refunded AS "merchantRefunded",
  client_account AS "clientAccount", other_client_account AS "otherClientAccount", outcome,
  receipt_currency AS "receiptCurrency", receipt_amount AS "receiptAmount",
  receipt_merchant_id AS "receiptMerchantId", receipt_decline_reason AS "receiptDeclineReason",
  settle_time AS "settleTime", merchant_total AS "merchantTotal", credited,
  sum(cardinality(checks)) OVER () AS "all"
FROM judged WHERE checks <> '{}' ORDER BY id LIMIT $2`;
}

/**
 * The payments of the range that have a discrepancy, at most `limit` of them, and how many discrepancies there are.
 * @param boundSeconds How long a payment may be unfinished.
 */
export async function checkPayments(
  client: pg.Client,
  range: IdRange,
  options: { readonly boundSeconds: number; readonly limit: number },
): Promise<{ readonly payments: readonly PaymentFacts[]; readonly discrepancies: bigint }> {
  // The rows have the count: one row is asked for even when none is wanted.
  const { rows } = await client.query<Found>(statement(range), [options.boundSeconds, Math.max(1, options.limit)]);
  return { payments: rows.slice(0, options.limit), discrepancies: rows[0]?.all ?? 0n };
}

/** What one check finds wrong of a payment, as a sentence. */
export function complaintOf(check: PaymentCheck, facts: PaymentFacts): string {
  const total = (sum: bigint | null) =>
    sum === 0n ? "add up to zero, over several accounts or currencies" : `add up to ${sum}, not zero`;
  switch (check) {
    case "client-entries":
      return `its entries ${total(facts.clientTotal)}`;
    case "merchant-entries":
      return `its entries ${total(facts.merchantTotal)}`;
    case "client-row":
      if (facts.state === null) return "it has entries, and there is no such payment";
      return (
        `its row tells ${facts.capturedAmount} captured from ${facts.clientId ?? "nobody"} and ${facts.givenBackAmount} reversed ` +
        `in ${facts.currency}, its entries ${facts.captured ?? 0} from ${clientsOf(facts)} and ${facts.givenBack ?? 0}${differing(facts.refundedAmount, facts.clientRefunded)}`
      );
    case "merchant-receipt":
      if (facts.outcome === null) return "it has entries, and there is no such receipt";
      return (
        `its receipt tells ${facts.outcome} of ${facts.receiptAmount} ${facts.receiptCurrency} to ${facts.receiptMerchantId}, ` +
        `its entries ${facts.credited ?? 0} credited${differing(facts.receiptRefundedAmount, facts.merchantRefunded)}`
      );
    case "pair":
      if (facts.state === null) return `merchant-bank ${facts.outcome} it, and client-bank does not know it`;
      if (facts.outcome === null) return `it is ${facts.state} at client-bank, and merchant-bank does not know it`;
      return (
        `client-bank tells ${facts.state} ${facts.amount} ${facts.currency} for ${facts.merchantId}${because(facts.declineReason)}, ` +
        `merchant-bank ${facts.outcome} ${facts.receiptAmount} ${facts.receiptCurrency} for ${facts.receiptMerchantId}${because(facts.receiptDeclineReason)}${differing(facts.refundedAmount, facts.receiptRefundedAmount)}`
      );
    case "in-flight":
      return facts.settleTime === null
        ? `unfinished since its capture at ${facts.captureTime?.toISOString()}: merchant-bank has not decided`
        : `unfinished, although merchant-bank ${facts.outcome} it at ${facts.settleTime.toISOString()}`;
  }
}

function clientsOf({ clientAccount, otherClientAccount }: PaymentFacts): string {
  if (clientAccount === null) return "nobody";
  return clientAccount === otherClientAccount ? clientAccount : `${clientAccount} and ${otherClientAccount}`;
}

/** Said only where it is what differs. */
function differing(refunded: bigint | null, other: bigint | null): string {
  return (refunded ?? 0n) === (other ?? 0n) ? "" : `; refunded ${refunded ?? 0} and ${other ?? 0}`;
}

function because(reason: string | null): string {
  return reason === null ? "" : ` (${reason})`;
}
