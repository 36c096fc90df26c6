import type { Transaction } from "../../platform/database.js";
import { PAYMENT_COLUMNS, type PaymentRecord, type PaymentRow, paymentRecordOf } from "../payment-record.js";

/**
 * As `lockPayments`, by the ids that callers have: while keys of payment ids change, an id may be another than the recorded
 * one. Each payment is found under both.
 */
export async function lockHeldPayments(
  transaction: Transaction,
  ids: readonly string[],
): Promise<Map<string, PaymentRecord>> {
  const [locked, others] = await Promise.all([
    transaction.query<PaymentRow>({
      name: "lock-held-payments",
      text: `SELECT ${PAYMENT_COLUMNS} FROM client_bank.payments
             WHERE id = ANY ($1::text[] || ARRAY(SELECT recorded_as FROM client_bank.other_ids WHERE id = ANY ($1::text[])))
             ORDER BY id FOR NO KEY UPDATE`,
      values: [ids],
    }),
    transaction.query<{ readonly id: string; readonly recordedAs: string }>({
      name: "find-other-ids",
      text: `SELECT id, recorded_as AS "recordedAs" FROM client_bank.other_ids WHERE id = ANY ($1::text[])`,
      values: [ids],
    }),
  ]);
  const payments = new Map(locked.rows.map((row) => [row.id, paymentRecordOf(row)]));
  for (const { id, recordedAs } of others.rows) {
    const payment = payments.get(recordedAs);
    if (payment !== undefined) payments.set(id, payment);
  }
  return payments;
}
