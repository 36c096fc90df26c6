import type { Transaction } from "../../platform/database.js";
import { CLEARING } from "../clearing.js";
import type { PaymentRecord } from "../payment-record.js";

/**
 * Captures or releases what these payments hold. They are given as they are afterwards, and are locked. Their clients are
 * locked here, in the order of their ids: nothing is held any more, what was captured is debited with its entries, and the
 * rest can be spent again.
 * @throws Error when one of them holds nothing, or an account is missing; nothing of the batch stands then.
 */
export async function concludeHolds(transaction: Transaction, payments: readonly PaymentRecord[]): Promise<void> {
  await transaction.query({
    name: "conclude-holds",
    text: CONCLUDE_HOLDS,
    values: [
      payments.map((payment) => payment.id),
      payments.map((payment) => payment.clientId),
      payments.map((payment) => payment.currency),
      payments.map((payment) => payment.amount),
      payments.map((payment) => payment.capturedAmount),
      payments.map((payment) => payment.declineReason),
      payments.map((payment) => payment.captureTime),
      payments.map((payment) => payment.holdExpireTime),
    ],
  });
}

/** Records when the ends of these expired holds are told again. The payments are locked. */
export async function tellAgainLater(transaction: Transaction, payments: readonly PaymentRecord[]): Promise<void> {
  await transaction.query({
    name: "tell-again-later",
    text: `UPDATE client_bank.payments SET hold_expire_time = later.hold_expire_time
           FROM unnest($1::text[], $2::timestamptz[]) AS later (id, hold_expire_time)
           WHERE payments.id = later.id`,
    values: [payments.map((payment) => payment.id), payments.map((payment) => payment.holdExpireTime)],
  });
}

const CONCLUDE_HOLDS = `
  WITH concluded AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::text[], $7::timestamptz[],
      $8::timestamptz[])
      AS concluded (id, client_id, currency, held, captured, decline_reason, time, hold_expire_time)
  ), changed AS (
    UPDATE client_bank.payments
    SET state = 'PENDING', captured_amount = concluded.captured, decline_reason = concluded.decline_reason,
        capture_time = concluded.time, hold_expire_time = concluded.hold_expire_time
    FROM concluded
    WHERE payments.id = concluded.id AND payments.state = 'AUTHORIZED'
    RETURNING payments.id
  ), sums AS (
    SELECT client_id, sum(held)::int8 AS held, sum(captured)::int8 AS captured FROM concluded GROUP BY client_id
  ), locked AS MATERIALIZED (
    SELECT id FROM client_bank.clients
    WHERE id IN (SELECT client_id FROM sums)
    ORDER BY id FOR NO KEY UPDATE
  ), moved AS (
    UPDATE client_bank.clients SET held = clients.held - sums.held, balance = clients.balance - sums.captured
    FROM locked JOIN sums ON sums.client_id = locked.id
    WHERE clients.id = locked.id
    RETURNING clients.id
  ), entered AS (
    INSERT INTO client_bank.ledger_entries (payment_id, kind, direction, account, currency, amount, time)
    SELECT id, 'capture', 'debit', client_id, currency, -captured, time FROM concluded WHERE captured > 0
    UNION ALL
    SELECT id, 'capture', 'credit', '${CLEARING}', currency, captured, time FROM concluded WHERE captured > 0
  ), cleared AS (
    INSERT INTO client_bank.clearing_accounts AS clearing (currency, balance)
    SELECT currency, sum(captured)::int8 FROM concluded
    -- The clients first, as in step 3: whoever holds the clearing account waits for no client.
    WHERE captured > 0 AND (SELECT count(*) FROM moved) > 0
    GROUP BY currency ORDER BY currency
    ON CONFLICT (currency) DO UPDATE SET balance = clearing.balance + excluded.balance
  )
  SELECT client_bank.expect_count('holds concluded', (SELECT count(*) FROM changed), cardinality($1::text[])),
         client_bank.expect_count('clients of holds', (SELECT count(*) FROM moved), (SELECT count(*) FROM sums))`;
