import type { Transaction } from "../../platform/database.js";
import { CLEARING } from "../clearing.js";
import type { PaymentRecord } from "../payment-record.js";

/**
 * Reverses the captures of these payments by entries of its own: what was captured stays in the
 * books. The payments are locked; the clients are locked here, in the order of their ids.
 * @throws Error when an entry exists already, or an account is missing; nothing of the batch stands then.
 */
export async function giveBack(transaction: Transaction, payments: readonly PaymentRecord[]): Promise<void> {
  await transaction.query({
    name: "give-back",
    text: GIVE_BACK,
    values: [
      payments.map((payment) => payment.id),
      payments.map((payment) => payment.clientId),
      payments.map((payment) => payment.currency),
      payments.map((payment) => payment.givenBackAmount),
      payments.map((payment) => payment.finishTime),
    ],
  });
}

const GIVE_BACK = `
  WITH returned AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::timestamptz[])
      AS returned (id, client_id, currency, amount, time)
  ), credits AS (
    SELECT client_id, sum(amount)::int8 AS amount FROM returned GROUP BY client_id
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
    INSERT INTO client_bank.ledger_entries (payment_id, kind, direction, account, currency, amount, time)
    SELECT id, 'return', 'debit', '${CLEARING}', currency, -amount, time FROM returned
    UNION ALL
    SELECT id, 'return', 'credit', client_id, currency, amount, time FROM returned
  ), cleared AS (
    INSERT INTO client_bank.clearing_accounts AS clearing (currency, balance)
    SELECT currency, -sum(amount)::int8 FROM returned
    -- The clients first, as in step 3: whoever holds the clearing account waits for no client.
    WHERE (SELECT count(*) FROM credited) > 0
    GROUP BY currency ORDER BY currency
    ON CONFLICT (currency) DO UPDATE SET balance = clearing.balance + excluded.balance
  )
  SELECT client_bank.expect_count('clients credited', (SELECT count(*) FROM credited), (SELECT count(*) FROM credits))`;
