import type { Transaction } from "../../platform/database.js";
import { CLEARING } from "../clearing.js";
import type { RefundRecord } from "../refund-record.js";

/**
 * Records refunds that were decided under the locks of their merchants and receipts, with everything that follows from
 * it in one statement: what is refunded of each receipt, the entries of those that were debited, one debit for each
 * merchant whatever the number of its refunds, one credit of the clearing account for each currency.
 * @throws serialization_failure (transient) when another process recorded one of them, or another refund under one of
 * their request_ids, first; another error when a receipt has less left or a merchant has less than was decided. The
 * statement says so itself, before a COMMIT that is sent with it.
 */
export async function recordRefunds(transaction: Transaction, refunds: readonly RefundRecord[]): Promise<void> {
  await transaction.query({
    name: "record-refunds",
    text: RECORD_REFUNDS,
    values: [
      refunds.map((refund) => refund.id),
      refunds.map((refund) => refund.paymentId),
      refunds.map((refund) => refund.merchantId),
      refunds.map((refund) => refund.requestId),
      refunds.map((refund) => refund.parametersHash),
      refunds.map((refund) => refund.currency),
      refunds.map((refund) => refund.amount),
      refunds.map((refund) => refund.outcome),
      refunds.map((refund) => refund.declineReason),
      refunds.map((refund) => refund.acceptTime),
      refunds.map((refund) => refund.debitTime),
      refunds.map((refund) => refund.standingId),
      refunds.map((refund) => refund.differingFields?.join(",") ?? null),
      refunds.map((refund) => refund.clientReference),
      refunds.map((refund) => refund.metadata && JSON.stringify(refund.metadata)),
    ],
  });
}

/** Refunds go in by request, so that two batches with the same requests wait for each other instead of deadlocking. */
const RECORD_REFUNDS = `
  WITH recorded AS (
    INSERT INTO merchant_bank.refunds (
      id, payment_id, merchant_id, request_id, parameters_hash, currency, amount, outcome, decline_reason, accept_time,
      debit_time, standing_id, differing_fields, client_reference, metadata)
    SELECT id, payment_id, merchant_id, request_id, parameters_hash, currency, amount, outcome, decline_reason,
      accept_time, debit_time, standing_id, string_to_array(differing_fields, ','), client_reference, metadata::jsonb
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int8[], $8::text[],
      $9::text[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[],
      $14::text[], $15::text[])
      AS decided (id, payment_id, merchant_id, request_id, parameters_hash, currency, amount, outcome, decline_reason,
        accept_time, debit_time, standing_id, differing_fields, client_reference, metadata)
    ORDER BY merchant_id, request_id, id
    ON CONFLICT DO NOTHING
    RETURNING id, payment_id, merchant_id, currency, amount, outcome, debit_time
  ), refunded AS (
    SELECT * FROM recorded WHERE outcome = 'debited'
  ), shares AS (
    SELECT payment_id, sum(amount)::int8 AS amount FROM refunded GROUP BY payment_id
  ), noted AS (
    UPDATE merchant_bank.receipts SET refunded_amount = refunded_amount + shares.amount
    FROM shares WHERE receipts.payment_id = shares.payment_id
      AND receipts.outcome = 'credited' AND receipts.amount - receipts.refunded_amount >= shares.amount
    RETURNING receipts.payment_id
  ), entered AS (
    INSERT INTO merchant_bank.ledger_entries (payment_id, refund_id, kind, direction, account, currency, amount, time)
    SELECT payment_id, id, 'refund', 'debit', merchant_id, currency, -amount, debit_time FROM refunded
    UNION ALL
    SELECT payment_id, id, 'refund', 'credit', '${CLEARING}', currency, amount, debit_time FROM refunded
  ), debits AS (
    SELECT merchant_id, sum(amount)::int8 AS amount FROM refunded GROUP BY merchant_id
  ), debited AS (
    UPDATE merchant_bank.merchants SET balance = balance - debits.amount
    FROM debits WHERE merchants.id = debits.merchant_id AND merchants.balance >= debits.amount
    RETURNING merchants.id
  ), cleared AS (
    INSERT INTO merchant_bank.clearing_accounts AS clearing (currency, balance)
    SELECT currency, sum(amount)::int8 FROM refunded GROUP BY currency ORDER BY currency
    ON CONFLICT (currency) DO UPDATE SET balance = clearing.balance + excluded.balance
  )
  SELECT merchant_bank.expect_recorded('refund', (SELECT count(*) FROM recorded), cardinality($1::text[])),
         merchant_bank.expect_count('receipts refunded', (SELECT count(*) FROM noted), (SELECT count(*) FROM shares)),
         merchant_bank.expect_count('merchants debited', (SELECT count(*) FROM debited), (SELECT count(*) FROM debits))`;
