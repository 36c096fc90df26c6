import type { Transaction } from "../../platform/database.js";
import { CLEARING } from "../clearing.js";
import type { PaymentRecord } from "../payment-record.js";
import type { RefundRecord } from "../refund-record.js";

/**
 * Records refunds as merchant-bank decided them and credits the clients of those that succeeded. `payments` are those
 * that they change, locked, as they are afterwards; the clients are locked here, in the order of their ids.
 * @throws serialization_failure (transient) when another process recorded one of them first; another error when a payment
 * or an account is missing. The statement says so itself, before a COMMIT that is sent with it.
 */
export async function recordRefunds(
  transaction: Transaction,
  refunds: readonly RefundRecord[],
  payments: ReadonlyMap<string, PaymentRecord>,
): Promise<void> {
  const changed = [...payments.values()];
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
      refunds.map((refund) => refund.state),
      refunds.map((refund) => refund.declineReason),
      refunds.map((refund) => refund.acceptTime),
      refunds.map((refund) => refund.debitTime),
      refunds.map((refund) => refund.finishTime),
      refunds.map((refund) => refund.standingId),
      refunds.map((refund) => refund.differingFields?.join(",") ?? null),
      refunds.map((refund) =>
        refund.state === "SUCCEEDED" ? (payments.get(refund.paymentId)?.clientId ?? null) : null,
      ),
      refunds.map((refund) => refund.clientReference),
      refunds.map((refund) => refund.metadata && JSON.stringify(refund.metadata)),
      changed.map((payment) => payment.id),
      changed.map((payment) => payment.state),
      changed.map((payment) => payment.settleTime),
      changed.map((payment) => payment.finishTime),
      changed.map((payment) => payment.refundedAmount),
      changed.map((payment) => payment.lastRefundTime),
    ],
  });
}

/** Refunds go in by id, so that two batches with the same refunds wait for each other. */
const RECORD_REFUNDS = `
  WITH decided AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int8[], $8::text[],
      $9::text[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[], $15::text[],
      $16::text[], $17::text[])
      AS decided (id, payment_id, merchant_id, request_id, parameters_hash, currency, amount, state, decline_reason,
        accept_time, debit_time, finish_time, standing_id, differing_fields, client_id, client_reference, metadata)
  ), recorded AS (
    INSERT INTO client_bank.refunds (
      id, payment_id, merchant_id, request_id, parameters_hash, currency, amount, state, decline_reason, accept_time,
      debit_time, finish_time, standing_id, differing_fields, client_reference, metadata)
    SELECT id, payment_id, merchant_id, request_id, parameters_hash, currency, amount, state, decline_reason,
      accept_time, debit_time, finish_time, standing_id, string_to_array(differing_fields, ','), client_reference,
      metadata::jsonb
    FROM decided
    ORDER BY id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
  ), changed AS (
    UPDATE client_bank.payments
    SET state = refunded.state, settle_time = refunded.settle_time, finish_time = refunded.finish_time,
        refunded_amount = refunded.refunded_amount, last_refund_time = refunded.last_refund_time
    FROM unnest($18::text[], $19::text[], $20::timestamptz[], $21::timestamptz[], $22::int8[], $23::timestamptz[])
      AS refunded (id, state, settle_time, finish_time, refunded_amount, last_refund_time)
    WHERE payments.id = refunded.id AND payments.state IN ('PENDING', 'SUCCEEDED')
    RETURNING payments.id
  ), succeeded AS (
    SELECT * FROM decided WHERE state = 'SUCCEEDED'
  ), credits AS (
    SELECT client_id, sum(amount)::int8 AS amount FROM succeeded GROUP BY client_id
  ), locked AS MATERIALIZED (
    SELECT id FROM client_bank.clients
    WHERE id IN (SELECT client_id FROM credits)
    ORDER BY id FOR NO KEY UPDATE
  ), credited AS (
    UPDATE client_bank.clients SET balance = balance + credits.amount
    FROM locked JOIN credits ON credits.client_id = locked.id
    WHERE clients.id = locked.id
    RETURNING clients.id
  ), entered AS (
    INSERT INTO client_bank.ledger_entries (payment_id, refund_id, kind, direction, account, currency, amount, time)
    SELECT payment_id, id, 'refund', 'debit', '${CLEARING}', currency, -amount, finish_time FROM succeeded
    UNION ALL
    SELECT payment_id, id, 'refund', 'credit', client_id, currency, amount, finish_time FROM succeeded
  ), cleared AS (
    INSERT INTO client_bank.clearing_accounts AS clearing (currency, balance)
    SELECT currency, -sum(amount)::int8 FROM succeeded
    -- The clients first, as in step 3: whoever holds the clearing account waits for no client.
    WHERE (SELECT count(*) FROM credited) > 0
    GROUP BY currency ORDER BY currency
    ON CONFLICT (currency) DO UPDATE SET balance = clearing.balance + excluded.balance
  )
  SELECT client_bank.expect_recorded('refund', (SELECT count(*) FROM recorded), cardinality($1::text[])),
         client_bank.expect_count('payments refunded', (SELECT count(*) FROM changed), cardinality($18::text[])),
         client_bank.expect_count('clients credited', (SELECT count(*) FROM credited), (SELECT count(*) FROM credits))`;
