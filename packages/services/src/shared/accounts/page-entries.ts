/** The statement of an account: its entries, newest first, with the balance after each. */
import type { Session } from "../../platform/database.js";
import type { AccountBooks } from "./account-books.js";

/** An entry of an account. */
export interface EntryRow {
  /** The payment's id, or that of a movement. */
  readonly paymentId: string;
  /** Empty when it is of no refund. */
  readonly refundId: string;
  readonly kind: string;
  readonly amount: bigint;
  /** Of the account after this entry. */
  readonly balance: bigint;
  readonly time: Date;
}

/** Where an entry is among those of its account. */
export type EntryPosition = readonly [time: string, paymentId: string, kind: string, refundId: string];

export interface EntriesQuery {
  readonly account: string;
  readonly pageSize: number;
  /** Entries of this time and later ones. */
  readonly startTime?: Date | undefined;
  /** Entries before this time. */
  readonly endTime?: Date | undefined;
  /** The last entry of the page before. */
  readonly after?: EntryPosition | undefined;
}

/** By which the entries of an account are told apart and put in order. */
const ORDER = ["time", "payment_id", "kind", "refund_id"];
const NEWEST_FIRST = ORDER.map((column) => `${column} DESC`).join(", ");

/**
 * A page of the statement. The balances are exact at the moment of the statement, whatever was booked between two pages: they
 * are those of the account without what is newer.
 */
export async function pageEntries(session: Session, books: AccountBooks, query: EntriesQuery): Promise<EntryRow[]> {
  const { text, values } = entriesStatement(books, query);
  const { rows } = await session.query<EntryRow>({ text, values });
  return rows;
}

/** The statement of {@link pageEntries}. */
export function entriesStatement(
  { schema, holders }: AccountBooks,
  { account, pageSize, startTime, endTime, after }: EntriesQuery,
): { readonly text: string; readonly values: unknown[] } {
  const values: unknown[] = [account, pageSize];
  const value = (given: unknown) => `$${values.push(given)}`;
  const position = after && `(${value(after[0])}::timestamptz, ${after.slice(1).map(value).join(", ")})`;
  const end = endTime && value(endTime);
  const place = `(${ORDER.join(", ")})`;
  // The accounts of the banks' own are in no index: their entries are all there are.
  const own = `FROM ${schema}.ledger_entries WHERE account = $1 AND account NOT IN ('clearing', 'funding')`;
  const newer = position !== undefined ? `${place} >= ${position}` : end !== undefined ? `time >= ${end}` : "false";
  const older = [
    ...(position !== undefined ? [`${place} < ${position}`] : end !== undefined ? [`time < ${end}`] : []),
    ...(startTime === undefined ? [] : [`time >= ${value(startTime)}`]),
  ];
  const text = `
    WITH page AS (
      SELECT payment_id, refund_id, kind, amount, time ${own}${older.map((one) => ` AND ${one}`).join("")}
      ORDER BY ${NEWEST_FIRST} LIMIT $2
    ), newer AS (
      SELECT coalesce(sum(amount), 0) AS total ${own} AND ${newer}
    )
    SELECT payment_id AS "paymentId", refund_id AS "refundId", kind, amount, time,
           ((SELECT balance FROM ${schema}.${holders} WHERE id = $1) - newer.total - coalesce(sum(amount) OVER (
             ORDER BY ${NEWEST_FIRST} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))::int8 AS balance
    FROM page, newer ORDER BY ${NEWEST_FIRST}`;
  return { text, values };
}
