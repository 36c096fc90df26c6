import type { Session } from "../../platform/database.js";
import type { AccountState } from "../../shared/accounts/account-books.js";

/** A merchant. */
export interface MerchantRow {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly state: AccountState;
  readonly createTime: Date | null;
  readonly updateTime: Date | null;
}

/** The columns of a row, for a SELECT. */
export const MERCHANT_COLUMNS = `id, name, currency, balance, state, create_time AS "createTime", update_time AS "updateTime"`;

/** A merchant by its id; undefined when there is none. */
export async function findMerchant(session: Session, id: string): Promise<MerchantRow | undefined> {
  const { rows } = await session.query<MerchantRow>({
    name: "find-merchant",
    text: `SELECT ${MERCHANT_COLUMNS} FROM merchant_bank.merchants WHERE id = $1`,
    values: [id],
  });
  return rows[0];
}
