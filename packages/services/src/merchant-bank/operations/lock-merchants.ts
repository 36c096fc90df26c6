import type { Transaction } from "../../platform/database.js";

/** What the bank must know of a merchant to decide about a payment or a refund. */
export interface LockedMerchant {
  readonly id: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly state: "open" | "closed";
}

/**
 * Locks these merchants until the transaction ends, in the order of their ids, so that two batches with the same
 * merchants wait for each other instead of deadlocking. Those that do not exist are left out.
 */
export async function lockMerchants(transaction: Transaction, ids: readonly string[]): Promise<LockedMerchant[]> {
  const { rows } = await transaction.query<LockedMerchant>({
    name: "lock-merchants",
    text: `SELECT id, currency, balance, state FROM merchant_bank.merchants
           WHERE id = ANY ($1::text[])
           ORDER BY id
           FOR NO KEY UPDATE`,
    values: [ids],
  });
  return rows;
}
