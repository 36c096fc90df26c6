import type { Transaction } from "../../platform/database.js";
import { CLEARING } from "../clearing.js";
import type { PaymentRecord } from "../payment-record.js";

/**
 * Records payments that were decided under the locks of their clients, with everything that follows from it in one
 * statement: the entries of those that were captured, one debit for each client whatever the number of its payments,
 * with what the others hold of what can be spent, one credit of the clearing account for each currency.
 * @throws serialization_failure (transient) when another process recorded one of them, or another payment under one of
 * their request_ids, first. The statement says so itself, before a COMMIT that is sent with it.
 */
export async function recordCaptures(transaction: Transaction, payments: readonly PaymentRecord[]): Promise<void> {
  await transaction.query({ name: "record-captures", text: RECORD_CAPTURES, values: columnsOf(payments) });
}

/** Payments go in by request, so that two batches with the same requests wait for each other instead of deadlocking. */
const RECORD_CAPTURES = `
  WITH recorded AS (
    INSERT INTO client_bank.payments (
      id, merchant_id, request_id, parameters_hash, currency, amount, description, client_id, state, decline_reason,
      card_brand, card_last_four, card_expiry_month, card_expiry_year, accept_time, deadline, validate_time,
      capture_time, captured_amount, card_fingerprint, card_holder, standing_id, differing_fields, given_back_amount,
      client_reference, metadata, capture, authorize_time, hold_expire_time)
    SELECT id, merchant_id, request_id, parameters_hash, currency, amount, description, client_id,
      CASE WHEN hold_expire_time IS NULL THEN 'PENDING' ELSE 'AUTHORIZED' END,
      decline_reason, card_brand, card_last_four, card_expiry_month, card_expiry_year, accept_time, deadline,
      validate_time, capture_time, captured_amount, card_fingerprint, card_holder, standing_id,
      string_to_array(differing_fields, ','), 0, client_reference, metadata::jsonb, capture, authorize_time, hold_expire_time
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::text[], $8::text[],
      $9::text[], $10::text[], $11::text[], $12::int2[], $13::int2[], $14::timestamptz[], $15::timestamptz[],
      $16::timestamptz[], $17::timestamptz[], $18::int8[], $19::text[], $20::text[], $21::text[], $22::text[],
      $23::text[], $24::text[], $25::text[], $26::timestamptz[], $27::timestamptz[]
    ) AS decided (id, merchant_id, request_id, parameters_hash, currency, amount, description, client_id,
      decline_reason, card_brand, card_last_four, card_expiry_month, card_expiry_year, accept_time, deadline,
      validate_time, capture_time, captured_amount, card_fingerprint, card_holder, standing_id, differing_fields,
      client_reference, metadata, capture, authorize_time, hold_expire_time)
    ORDER BY merchant_id, request_id, id
    ON CONFLICT DO NOTHING
    RETURNING id, client_id, currency, amount, captured_amount, capture_time, hold_expire_time
  ), captured AS (
    SELECT * FROM recorded WHERE captured_amount > 0
  ), entered AS (
    INSERT INTO client_bank.ledger_entries (payment_id, kind, direction, account, currency, amount, time)
    SELECT id, 'capture', 'debit', client_id, currency, -captured_amount, capture_time FROM captured
    UNION ALL
    SELECT id, 'capture', 'credit', '${CLEARING}', currency, captured_amount, capture_time FROM captured
  ), debits AS (
    SELECT client_id, sum(captured_amount)::int8 AS amount,
           coalesce(sum(amount) FILTER (WHERE hold_expire_time IS NOT NULL), 0)::int8 AS held
    FROM recorded WHERE captured_amount > 0 OR hold_expire_time IS NOT NULL GROUP BY client_id
  ), debited AS (
    UPDATE client_bank.clients SET balance = balance - debits.amount, held = clients.held + debits.held
    FROM debits
    WHERE clients.id = debits.client_id AND clients.balance - clients.held >= debits.amount + debits.held
    RETURNING clients.id
  ), cleared AS (
    INSERT INTO client_bank.clearing_accounts AS clearing (currency, balance)
    SELECT currency, sum(captured_amount)::int8 FROM captured GROUP BY currency ORDER BY currency
    ON CONFLICT (currency) DO UPDATE SET balance = clearing.balance + excluded.balance
  )
  SELECT client_bank.expect_recorded('payment', (SELECT count(*) FROM recorded), cardinality($1::text[])),
         client_bank.expect_count('clients debited', (SELECT count(*) FROM debited), (SELECT count(*) FROM debits))`;

/** One array for each parameter of the statement. */
function columnsOf(payments: readonly PaymentRecord[]): unknown[] {
  return [
    payments.map((payment) => payment.id),
    payments.map((payment) => payment.merchantId),
    payments.map((payment) => payment.requestId),
    payments.map((payment) => payment.parametersHash),
    payments.map((payment) => payment.currency),
    payments.map((payment) => payment.amount),
    payments.map((payment) => payment.description),
    payments.map((payment) => payment.clientId),
    payments.map((payment) => payment.declineReason),
    payments.map((payment) => payment.cardBrand),
    payments.map((payment) => payment.cardLastFour),
    payments.map((payment) => payment.cardExpiryMonth),
    payments.map((payment) => payment.cardExpiryYear),
    payments.map((payment) => payment.acceptTime),
    payments.map((payment) => payment.deadline),
    payments.map((payment) => payment.validateTime),
    payments.map((payment) => payment.captureTime),
    payments.map((payment) => payment.capturedAmount),
    payments.map((payment) => payment.cardFingerprint),
    payments.map((payment) => payment.cardHolder),
    payments.map((payment) => payment.standingId),
    payments.map((payment) => payment.differingFields?.join(",") ?? null),
    payments.map((payment) => payment.clientReference),
    payments.map((payment) => payment.metadata && JSON.stringify(payment.metadata)),
    payments.map((payment) => payment.capture),
    payments.map((payment) => payment.authorizeTime),
    payments.map((payment) => payment.holdExpireTime),
  ];
}
