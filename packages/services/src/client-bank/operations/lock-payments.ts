import type { Transaction } from "../../platform/database.js";
import { PAYMENT_COLUMNS, type PaymentRecord, type PaymentRow, paymentRecordOf } from "../payment-record.js";

/** The payments with these ids that are recorded, by id, locked in the order of their ids until the transaction ends. */
export async function lockPayments(
  transaction: Transaction,
  ids: readonly string[],
): Promise<Map<string, PaymentRecord>> {
  const { rows } = await transaction.query<PaymentRow>({
    name: "lock-payments",
    text: `SELECT ${PAYMENT_COLUMNS} FROM client_bank.payments WHERE id = ANY ($1::text[])
           ORDER BY id FOR NO KEY UPDATE`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, paymentRecordOf(row)]));
}
