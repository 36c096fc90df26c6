import type { Transaction } from "../../platform/database.js";

/** Makes a merchant without money. @returns false when there is one of this id. */
export async function insertMerchant(
  transaction: Transaction,
  merchant: { readonly id: string; readonly name: string; readonly currency: string; readonly time: Date },
): Promise<boolean> {
  const { id, name, currency, time } = merchant;
  const { rowCount } = await transaction.query({
    name: "insert-merchant",
    text: `INSERT INTO merchant_bank.merchants (id, name, currency, balance, opening_balance, state, create_time, update_time)
           VALUES ($1, $2, $3, 0, 0, 'open', $4, $4) ON CONFLICT (id) DO NOTHING`,
    values: [id, name, currency, time],
  });
  return rowCount === 1;
}
