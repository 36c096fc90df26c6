import type { Transaction } from "../../platform/database.js";
import type { Receipt } from "../receipt.js";

/** The receipts that are recorded of these payments, by payment id. */
export async function findReceipts(
  transaction: Transaction,
  paymentIds: readonly string[],
): Promise<Map<string, Receipt>> {
  const { rows } = await transaction.query<Omit<Receipt, "settleTime"> & { readonly settleTime: Date }>({
    name: "find-receipts",
    text: `SELECT payment_id AS "paymentId", merchant_id AS "merchantId", currency, amount, outcome,
                  decline_reason AS "declineReason", declined_by AS "declinedBy", settle_time AS "settleTime"
           FROM merchant_bank.receipts WHERE payment_id = ANY ($1::text[])`,
    values: [paymentIds],
  });
  return new Map(rows.map((row) => [row.paymentId, { ...row, settleTime: row.settleTime.toISOString() }]));
}
