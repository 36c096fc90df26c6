import type { Transaction } from "../../platform/database.js";

/** What a refund must know of the receipt of its payment. */
export interface LockedReceipt {
  readonly paymentId: string;
  readonly merchantId: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly refundedAmount: bigint;
  readonly outcome: "credited" | "declined";
  readonly settleTime: string;
}

/**
 * The receipts of these payments, by payment id, locked in the order of their ids until the transaction ends: nobody
 * else refunds of the same payments meanwhile.
 */
export async function lockReceipts(
  transaction: Transaction,
  paymentIds: readonly string[],
): Promise<Map<string, LockedReceipt>> {
  const { rows } = await transaction.query<Omit<LockedReceipt, "settleTime"> & { readonly settleTime: Date }>({
    name: "lock-receipts",
    text: `SELECT payment_id AS "paymentId", merchant_id AS "merchantId", currency, amount,
                  refunded_amount AS "refundedAmount", outcome, settle_time AS "settleTime"
           FROM merchant_bank.receipts WHERE payment_id = ANY ($1::text[])
           ORDER BY payment_id FOR NO KEY UPDATE`,
    values: [paymentIds],
  });
  return new Map(rows.map((row) => [row.paymentId, { ...row, settleTime: row.settleTime.toISOString() }]));
}
