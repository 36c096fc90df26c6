import type { Transaction } from "../../platform/database.js";

/** The ids under which the requests of these payments are recorded, where they are others than those given. */
export async function findRequestsUnderOtherIds(
  transaction: Transaction,
  payments: readonly { readonly id: string; readonly merchantId: string; readonly requestId: string }[],
): Promise<string[]> {
  const { rows } = await transaction.query<{ id: string }>(
    `SELECT payments.id
     FROM client_bank.payments
     JOIN unnest($1::text[], $2::text[], $3::text[]) AS asked (id, merchant_id, request_id)
       USING (merchant_id, request_id)
     WHERE payments.id <> asked.id
     ORDER BY payments.id`,
    [
      payments.map((payment) => payment.id),
      payments.map((payment) => payment.merchantId),
      payments.map((payment) => payment.requestId),
    ],
  );
  return rows.map((row) => row.id);
}
