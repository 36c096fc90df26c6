import type { Session } from "../../platform/database.js";
import type { AccountState } from "../../shared/accounts/account-books.js";

/** A client, without the number of the card. */
export interface ClientRow {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly state: AccountState;
  readonly cardBrand: string | null;
  readonly cardLastFour: string | null;
  /** Null when the client has no card. */
  readonly cardExpiryMonth: number | null;
  readonly cardExpiryYear: number | null;
  readonly createTime: Date | null;
  readonly updateTime: Date | null;
}

/** The columns of a row, for a SELECT. */
export const CLIENT_COLUMNS = `id, name, currency, balance, state, card_brand AS "cardBrand", card_last_four AS "cardLastFour",
  card_expiry_month AS "cardExpiryMonth", card_expiry_year AS "cardExpiryYear", create_time AS "createTime",
  update_time AS "updateTime"`;

/** A client by its id; undefined when there is none. */
export async function findClient(session: Session, id: string): Promise<ClientRow | undefined> {
  const { rows } = await session.query<ClientRow>({
    name: "find-client",
    text: `SELECT ${CLIENT_COLUMNS} FROM client_bank.clients WHERE id = $1`,
    values: [id],
  });
  return rows[0];
}
