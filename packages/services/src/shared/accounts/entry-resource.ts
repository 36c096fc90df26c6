/** Statements as the API shows them. */
import { type Entry, EntryKind } from "../../gen/quittance/accounts/v1/entries.js";
import type { Database } from "../../platform/database.js";
import { checked } from "../checked.js";
import { endPage, pageSizeOf, readPageToken } from "../pages.js";
import type { AccountBooks } from "./account-books.js";
import { noSuchAccount } from "./change-account.js";
import { requestIdOfEntry } from "./move-money.js";
import { type EntryPosition, type EntryRow, pageEntries } from "./page-entries.js";

/** Which entries a statement shows. */
export interface StatementRequest {
  readonly id: string;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly startTime?: Date | undefined;
  readonly endTime?: Date | undefined;
}

/** A page of the statement of an account. @throws ManagementError NOT_FOUND, INVALID_ARGUMENT */
export async function statementOf(
  database: Pick<Database, "autoCommit">,
  books: AccountBooks,
  request: StatementRequest,
): Promise<{ readonly entries: Entry[]; readonly nextPageToken: string }> {
  const { id, startTime, endTime } = request;
  const pageSize = checked((check) => {
    check(!startTime || !endTime || startTime < endTime, "end_time", "must be after start_time");
    return pageSizeOf(request.pageSize, check);
  });
  const filters = { entriesOf: id, start: startTime?.toISOString(), end: endTime?.toISOString() };
  const after = readPageToken(filters, request.pageToken, isEntryPosition) as EntryPosition | undefined;
  const rows = await database.autoCommit(async (session) => {
    const { rowCount } = await session.query({
      name: "account-exists",
      text: `SELECT FROM ${books.schema}.${books.holders} WHERE id = $1`,
      values: [id],
    });
    if (rowCount !== 1) throw noSuchAccount(books);
    return pageEntries(session, books, { account: id, pageSize: pageSize + 1, startTime, endTime, after });
  });
  const { items, nextPageToken } = endPage(rows, pageSize, filters, positionOf);
  return { entries: items.map(entryOf), nextPageToken };
}

function positionOf({ time, paymentId, kind, refundId }: EntryRow): EntryPosition {
  return [time.toISOString(), paymentId, kind, refundId];
}

function isEntryPosition(parts: readonly string[]): boolean {
  return parts.length === 4 && !Number.isNaN(Date.parse(parts[0] ?? ""));
}

const KINDS: Readonly<Record<string, EntryKind>> = {
  capture: EntryKind.CAPTURE,
  return: EntryKind.RETURN,
  refund: EntryKind.REFUND,
  settlement: EntryKind.SETTLEMENT,
  "top-up": EntryKind.TOP_UP,
  "pay-out": EntryKind.PAYOUT,
};

function entryOf({ paymentId, refundId, kind, amount, balance, time }: EntryRow): Entry {
  const isMovement = kind === "top-up" || kind === "pay-out";
  return {
    kind: KINDS[kind] ?? EntryKind.UNSPECIFIED,
    payment: isMovement ? "" : paymentId,
    refund: refundId,
    requestId: isMovement ? requestIdOfEntry(paymentId) : "",
    amount,
    balance,
    time,
  };
}
