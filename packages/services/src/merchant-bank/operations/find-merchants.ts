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

const COLUMNS = `id, name, currency, balance, state, create_time AS "createTime", update_time AS "updateTime"`;

/** A merchant by its id; undefined when there is none. */
export async function findMerchant(session: Session, id: string): Promise<MerchantRow | undefined> {
  const { rows } = await session.query<MerchantRow>({
    name: "find-merchant",
    text: `SELECT ${COLUMNS} FROM merchant_bank.merchants WHERE id = $1`,
    values: [id],
  });
  return rows[0];
}

/** Which merchants. */
export interface MerchantsQuery {
  readonly pageSize: number;
  /** The last id of the page before; empty for the first page. */
  readonly after: string;
  readonly state: AccountState | undefined;
  /** Empty for all; so is the currency. */
  readonly namePrefix: string;
  readonly currency: string;
}

/** A page of merchants in the order of their ids. */
export async function listMerchants(session: Session, query: MerchantsQuery): Promise<MerchantRow[]> {
  const { pageSize, after, state, namePrefix, currency } = query;
  const { rows } = await session.query<MerchantRow>({
    name: "list-merchants",
    text: `SELECT ${COLUMNS} FROM merchant_bank.merchants
           WHERE id > $1 AND ($2::text IS NULL OR state = $2) AND ($3 = '' OR starts_with(lower(name), lower($3)))
             AND ($4 = '' OR currency = $4)
           ORDER BY id LIMIT $5`,
    values: [after, state ?? null, namePrefix, currency, pageSize],
  });
  return rows;
}
