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

const COLUMNS = `id, name, currency, balance, state, card_brand AS "cardBrand", card_last_four AS "cardLastFour",
  card_expiry_month AS "cardExpiryMonth", card_expiry_year AS "cardExpiryYear", create_time AS "createTime",
  update_time AS "updateTime"`;

/** A client by its id; undefined when there is none. */
export async function findClient(session: Session, id: string): Promise<ClientRow | undefined> {
  const { rows } = await session.query<ClientRow>({
    name: "find-client",
    text: `SELECT ${COLUMNS} FROM client_bank.clients WHERE id = $1`,
    values: [id],
  });
  return rows[0];
}

/** Which clients. */
export interface ClientsQuery {
  readonly pageSize: number;
  /** The last id of the page before; empty for the first page. */
  readonly after: string;
  readonly state: AccountState | undefined;
  /** Empty for all; so is the currency. */
  readonly namePrefix: string;
  readonly currency: string;
}

/** A page of clients in the order of their ids. */
export async function listClients(session: Session, query: ClientsQuery): Promise<ClientRow[]> {
  const { pageSize, after, state, namePrefix, currency } = query;
  const { rows } = await session.query<ClientRow>({
    name: "list-clients",
    text: `SELECT ${COLUMNS} FROM client_bank.clients
           WHERE id > $1 AND ($2::text IS NULL OR state = $2) AND ($3 = '' OR starts_with(lower(name), lower($3)))
             AND ($4 = '' OR currency = $4)
           ORDER BY id LIMIT $5`,
    values: [after, state ?? null, namePrefix, currency, pageSize],
  });
  return rows;
}
