import type { Transaction } from "../../platform/database.js";
import { PAYMENT_COLUMNS, type PaymentRecord, type PaymentRow, paymentRecordOf } from "../payment-record.js";

/** The place of a payment in its merchant's list. */
export interface PaymentPosition {
  readonly acceptTime: string;
  readonly id: string;
}

/**
 * A page of a merchant's payments, newest first, from the one behind `after`. It is found by its place and not by
 * counting, so that payments which arrive meanwhile shift nothing.
 */
export async function listPayments(
  client: Transaction,
  asked: { readonly merchantId: string; readonly pageSize: number; readonly after?: PaymentPosition | undefined },
): Promise<PaymentRecord[]> {
  const { merchantId, pageSize, after } = asked;
  const { rows } = await client.query<PaymentRow>({
    name: after === undefined ? "list-payments" : "list-payments-after",
    text: `SELECT ${PAYMENT_COLUMNS} FROM client_bank.payments
           WHERE merchant_id = $1 ${after === undefined ? "" : "AND (accept_time, id) < ($3::timestamptz, $4)"}
           ORDER BY accept_time DESC, id DESC
           LIMIT $2`,
    values: [merchantId, pageSize, ...(after === undefined ? [] : [after.acceptTime, after.id])],
  });
  return rows.map(paymentRecordOf);
}
