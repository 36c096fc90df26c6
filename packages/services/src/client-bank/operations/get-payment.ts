import type { Transaction } from "../../platform/database.js";
import { PAYMENT_COLUMNS, type PaymentRecord, type PaymentRow, paymentRecordOf } from "../payment-record.js";

/** A merchant's payment, or undefined when it has none with this id. */
export async function getPayment(
  client: Transaction,
  asked: { readonly merchantId: string; readonly paymentId: string },
): Promise<PaymentRecord | undefined> {
  const { rows } = await client.query<PaymentRow>({
    name: "get-payment",
    text: `SELECT ${PAYMENT_COLUMNS} FROM client_bank.payments WHERE id = $1 AND merchant_id = $2`,
    values: [asked.paymentId, asked.merchantId],
  });
  return rows[0] && paymentRecordOf(rows[0]);
}
