/** What both banks keep alike: entries and clearing accounts, with their constraints. */
import type { Session } from "./session.js";
import { Table } from "./table.js";

export interface EntryRow {
  readonly paymentId: string;
  readonly kind: "capture" | "return" | "settlement" | "refund";
  readonly direction: "debit" | "credit";
  readonly account: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly time: string;
  readonly refundId: string;
}

export interface ClearingRow {
  readonly currency: string;
  readonly balance: bigint;
}

export function ledgerEntries(schema: string, ownKinds: readonly EntryRow["kind"][]): Table<EntryRow> {
  return new Table<EntryRow>({
    name: `${schema}.ledger_entries`,
    keyOf: ({ paymentId, refundId, kind, direction }) => `${paymentId} ${refundId} ${kind} ${direction}`,
    primaryKey: "ledger_entries_once",
    checks: {
      ledger_entries_kind: ({ refundId, kind }) => (refundId === "" ? ownKinds.includes(kind) : kind === "refund"),
      ledger_entries_direction: ({ amount, direction }) =>
        amount !== 0n && direction === (amount < 0n ? "debit" : "credit"),
    },
  });
}

export function clearingAccounts(schema: string): Table<ClearingRow> {
  return new Table<ClearingRow>({
    name: `${schema}.clearing_accounts`,
    keyOf: ({ currency }) => currency,
    primaryKey: "clearing_accounts_pkey",
  });
}

/** A movement of money: its two entries. */
export function enter(
  session: Session,
  table: Table<EntryRow>,
  movement: Pick<EntryRow, "paymentId" | "refundId" | "kind" | "currency" | "time"> & {
    readonly from: string | null;
    readonly to: string | null;
    readonly amount: bigint;
  },
): void {
  const { from, to, amount, ...entry } = movement;
  table.insert({ ...entry, account: from ?? "", direction: "debit", amount: -amount }, session);
  table.insert({ ...entry, account: to ?? "", direction: "credit", amount }, session);
}

/** Adds to the clearing accounts, in the order of their currencies; one that is missing is opened. */
export async function clear(
  session: Session,
  table: Table<ClearingRow>,
  sums: ReadonlyMap<string, bigint>,
): Promise<void> {
  for (const [currency, amount] of [...sums].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await session.lock(table.lockOf(currency));
    const balance = table.get(currency, session)?.balance ?? 0n;
    table.write({ currency, balance: balance + amount }, session);
  }
}

/** The key of the partial index that lets one payment or refund of a request stand. */
export function standingRequest(row: {
  readonly merchantId: string;
  readonly requestId: string;
  readonly standingId: string | null;
}): string | undefined {
  return row.standingId === null ? `${row.merchantId} ${row.requestId}` : undefined;
}

/** A row that does not stand says why. */
export function reuseIsWhole(row: {
  readonly declineReason: string | null;
  readonly standingId: string | null;
  readonly differingFields: readonly string[] | null;
}): boolean {
  const isReused = row.declineReason === "REQUEST_ID_REUSED";
  return isReused === (row.standingId !== null) && (row.standingId === null) === (row.differingFields === null);
}

/** The order in which step 3 and step R2 insert. */
export function byRequest(row: {
  readonly merchantId: string;
  readonly requestId: string;
  readonly id: string;
}): string {
  return `${row.merchantId} ${row.requestId} ${row.id}`;
}
