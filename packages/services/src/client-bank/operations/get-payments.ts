import type { Transaction } from "../../platform/database.js";
import { PAYMENT_COLUMNS, type PaymentRecord, type PaymentRow, paymentRecordOf } from "../payment-record.js";

/** The payments with these ids that are recorded, by id. */
export async function getPayments(client: Transaction, ids: readonly string[]): Promise<Map<string, PaymentRecord>> {
  const { rows } = await client.query<PaymentRow>({
    name: "get-payments",
    text: `SELECT ${PAYMENT_COLUMNS} FROM client_bank.payments WHERE id = ANY ($1::text[])`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, paymentRecordOf(row)]));
}
