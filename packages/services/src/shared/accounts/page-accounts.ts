/** The lists of accounts, of clients and of merchants, in the order of their ids. */
import type { Database, Session } from "../../platform/database.js";
import { checked } from "../checked.js";
import { endPage, type Page, pageSizeOf, readPageToken } from "../pages.js";
import type { AccountBooks, AccountState } from "./account-books.js";
import { checkFilters } from "./check-changes.js";

/** Which accounts a list shows. */
export interface AccountsRequest {
  readonly pageSize: number;
  readonly pageToken: string;
  readonly namePrefix: string;
  readonly currencyCode: string;
}

interface AccountsQuery {
  readonly pageSize: number;
  /** The last id of the page before; empty for the first page. */
  readonly after: string;
  readonly state: AccountState | undefined;
  /** Empty for all; so is the currency. */
  readonly namePrefix: string;
  readonly currency: string;
}

/**
 * A page of accounts.
 * @param columns of each, as the bank reads one
 * @param state that of the filter; undefined for all of them
 * @throws ManagementError INVALID_ARGUMENT
 */
export async function pageAccounts<Row extends { readonly id: string }>(
  database: Pick<Database, "autoCommit">,
  { books, columns }: { readonly books: AccountBooks; readonly columns: string },
  state: AccountState | undefined,
  request: AccountsRequest,
): Promise<Page<Row>> {
  const { pageSize, namePrefix, currency } = checked((check) => ({
    ...checkFilters(request, check),
    pageSize: pageSizeOf(request.pageSize, check),
  }));
  const filters = { [books.holders]: true, state, namePrefix, currency };
  const [after = ""] = readPageToken(filters, request.pageToken, ({ length }) => length === 1) ?? [];
  const query = { pageSize: pageSize + 1, after, state, namePrefix, currency };
  const rows = await database.autoCommit((session) => listAccounts<Row>(session, books, columns, query));
  return endPage(rows, pageSize, filters, ({ id }) => [id]);
}

async function listAccounts<Row extends { readonly id: string }>(
  session: Session,
  { schema, holders }: AccountBooks,
  columns: string,
  { pageSize, after, state, namePrefix, currency }: AccountsQuery,
): Promise<Row[]> {
  const { rows } = await session.query<Row>({
    name: `list-${holders}`,
    text: `SELECT ${columns} FROM ${schema}.${holders}
           WHERE id > $1 AND ($2::text IS NULL OR state = $2) AND ($3 = '' OR starts_with(lower(name), lower($3)))
             AND ($4 = '' OR currency = $4)
           ORDER BY id LIMIT $5`,
    values: [after, state ?? null, namePrefix, currency, pageSize],
  });
  return rows;
}
