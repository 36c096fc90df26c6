import type { Transaction } from "../../platform/database.js";
import { PAYMENT_COLUMNS, type PaymentRecord, type PaymentRow, paymentRecordOf } from "../payment-record.js";

/** By what payments are looked for. */
export interface PaymentRequest {
  readonly paymentId: string;
  readonly merchantId: string;
  readonly requestId: string;
  /** Its ids under other keys, while keys of payment ids change. */
  readonly alternateIds?: readonly string[] | undefined;
}

/**
 * Of each of these requests the payments with its ids, if they are recorded, and the one that stands under its request_id, if
 * that is another. One payment may be told twice.
 */
export async function findPayments(
  transaction: Transaction,
  requests: readonly PaymentRequest[],
): Promise<PaymentRecord[]> {
  const { rows } = await transaction.query<PaymentRow>({
    name: "find-payments",
    text: `SELECT ${PAYMENT_COLUMNS} FROM client_bank.payments WHERE id = ANY ($1::text[])
           UNION ALL
           SELECT standing.*
           FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (id, merchant_id, request_id)
           -- One look into the index for each, even by a plan that was made while the table was empty.
           CROSS JOIN LATERAL (
             SELECT ${PAYMENT_COLUMNS} FROM client_bank.payments
             WHERE merchant_id = asked.merchant_id AND request_id = asked.request_id AND standing_id IS NULL LIMIT 1
           ) AS standing
           WHERE standing.id <> asked.id`,
    values: [
      // The alternate ones come last: beside them there is no request_id to look for again.
      [...requests.map(({ paymentId }) => paymentId), ...requests.flatMap(({ alternateIds = [] }) => alternateIds)],
      requests.map(({ merchantId }) => merchantId),
      requests.map(({ requestId }) => requestId),
    ],
  });
  return rows.map(paymentRecordOf);
}
