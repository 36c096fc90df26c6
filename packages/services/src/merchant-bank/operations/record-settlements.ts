import type { Transaction } from "../../platform/database.js";
import { CLEARING } from "../clearing.js";
import type { Receipt } from "../receipt.js";

/**
 * Records receipts that were decided under the locks of their merchants, with everything that follows from it in one
 * statement: the entries of those that were credited, one credit for each merchant whatever the number of its payments,
 * one debit of the clearing account for each currency.
 * @throws serialization_failure (transient) when another process recorded one of them first. The statement says so itself,
 * before a COMMIT that is sent with it.
 */
export async function recordSettlements(transaction: Transaction, receipts: readonly Receipt[]): Promise<void> {
  await transaction.query({
    name: "record-settlements",
    text: RECORD_SETTLEMENTS,
    values: [
      receipts.map((receipt) => receipt.paymentId),
      receipts.map((receipt) => receipt.merchantId),
      receipts.map((receipt) => receipt.currency),
      receipts.map((receipt) => receipt.amount),
      receipts.map((receipt) => receipt.outcome),
      receipts.map((receipt) => receipt.declineReason),
      receipts.map((receipt) => receipt.declinedBy),
      receipts.map((receipt) => receipt.settleTime),
    ],
  });
}

/** Receipts go in by payment id, so that two batches with the same payments wait for each other. */
const RECORD_SETTLEMENTS = `
  WITH recorded AS (
    INSERT INTO merchant_bank.receipts (
      payment_id, merchant_id, currency, amount, outcome, decline_reason, declined_by, settle_time)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::text[], $6::text[], $7::text[],
      $8::timestamptz[]) AS decided (payment_id)
    ORDER BY payment_id
    ON CONFLICT DO NOTHING
    RETURNING payment_id, merchant_id, currency, amount, outcome, settle_time
  ), settled AS (
    SELECT * FROM recorded WHERE outcome = 'credited'
  ), entered AS (
    INSERT INTO merchant_bank.ledger_entries (payment_id, kind, direction, account, currency, amount, time)
    SELECT payment_id, 'settlement', 'debit', '${CLEARING}', currency, -amount, settle_time FROM settled
    UNION ALL
    SELECT payment_id, 'settlement', 'credit', merchant_id, currency, amount, settle_time FROM settled
  ), credits AS (
    SELECT merchant_id, sum(amount)::int8 AS amount FROM settled GROUP BY merchant_id
  ), credited AS (
    UPDATE merchant_bank.merchants SET balance = balance + credits.amount
    FROM credits WHERE merchants.id = credits.merchant_id
    RETURNING merchants.id
  ), cleared AS (
    INSERT INTO merchant_bank.clearing_accounts AS clearing (currency, balance)
    SELECT currency, -sum(amount)::int8 FROM settled GROUP BY currency ORDER BY currency
    ON CONFLICT (currency) DO UPDATE SET balance = clearing.balance + excluded.balance
  )
  SELECT merchant_bank.expect_recorded('receipt', (SELECT count(*) FROM recorded), cardinality($1::text[])),
         merchant_bank.expect_count('merchants credited', (SELECT count(*) FROM credited), (SELECT count(*) FROM credits))`;
