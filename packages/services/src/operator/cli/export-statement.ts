/** `accounts statement --format`: all entries of an account in a period, oldest first, as a file for other programs. */
import type pg from "pg";
import { type Account, booksOf } from "./account-id.js";
import { camtStatement } from "./camt-statement.js";
import { type CommandCall, textOption, UsageError } from "./command.js";
import { csvStatement } from "./csv-statement.js";
import { inSnapshot } from "./operator-database.js";
import { RFC_3339 } from "./rfc-3339.js";
import type { StatementEntry, StatementFormat, StatementHead } from "./statement-format.js";

/** Rows that are in memory at once. */
const FETCHED_ROWS = 1_000;

const FORMATS: Readonly<Record<string, StatementFormat>> = { csv: csvStatement, "camt.053": camtStatement };

/** The format that a call names; undefined for the one of people. @throws UsageError */
export function formatOf(call: CommandCall): StatementFormat | undefined {
  const name = textOption(call, "format");
  if (name === undefined) return undefined;
  const format = FORMATS[name];
  if (format !== undefined) return format;
  throw new UsageError(`--format is "${name}": it must be ${Object.keys(FORMATS).join(" or ")}.`);
}

/**
 * Writes the statement piece by piece, all of it of one moment.
 * @returns false when there is no such account.
 * @throws UsageError for a period that is none.
 */
export function exportStatement(
  call: CommandCall,
  client: pg.Client,
  account: Account,
  format: StatementFormat,
): Promise<boolean> {
  const time = new Date();
  const from = timeOption(call, "from") ?? new Date(0);
  const to = timeOption(call, "to") ?? time;
  if (from >= to) throw new UsageError("--from must be before --to.");
  const { terminal } = call;
  return inSnapshot(client, async () => {
    const read = await readHead(client, account, { from, to });
    if (read === undefined) return false;
    const head: StatementHead = { account, ...read, from, to, time };
    terminal.out(format.head(head));
    let balance = head.openingBalance;
    await client.query(
      `DECLARE statement NO SCROLL CURSOR FOR
         SELECT time, kind, payment_id AS "paymentId", refund_id AS "refundId", amount
         FROM ${booksOf(account).schema}.ledger_entries WHERE account = ${client.escapeLiteral(account.id)}
           AND account NOT IN ('clearing', 'funding')
           AND time >= ${client.escapeLiteral(from.toISOString())} AND time < ${client.escapeLiteral(to.toISOString())}
         ORDER BY time, payment_id, kind, refund_id`,
    );
    for (;;) {
      const { rows } = await client.query<Omit<StatementEntry, "balance">>(`FETCH ${FETCHED_ROWS} FROM statement`);
      const texts = rows.map((row) => {
        balance += row.amount;
        return format.entry({ ...row, balance }, head);
      });
      terminal.out(texts.join(""));
      await terminal.drained();
      if (rows.length < FETCHED_ROWS) break;
    }
    terminal.out(format.end);
    return true;
  });
}

async function readHead(
  client: pg.Client,
  account: Account,
  { from, to }: { readonly from: Date; readonly to: Date },
): Promise<Pick<StatementHead, "name" | "currency" | "openingBalance" | "closingBalance"> | undefined> {
  const { rows } = await client.query<Pick<StatementHead, "name" | "currency" | "openingBalance" | "closingBalance">>(
    `SELECT name, currency, (balance - since.from_start)::int8 AS "openingBalance",
            (balance - since.from_end)::int8 AS "closingBalance"
     FROM ${account.table}, (
       SELECT coalesce(sum(amount), 0) AS from_start, coalesce(sum(amount) FILTER (WHERE time >= $3), 0) AS from_end
       FROM ${booksOf(account).schema}.ledger_entries WHERE account = $1 AND account NOT IN ('clearing', 'funding') AND time >= $2
     ) since WHERE id = $1`,
    [account.id, from, to],
  );
  return rows[0];
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** A day, which begins at midnight in UTC, or a time of RFC 3339. */
function timeOption(call: CommandCall, name: string): Date | undefined {
  const text = textOption(call, name);
  if (text === undefined) return undefined;
  const time = new Date(text);
  const isThere = Number.isFinite(time.getTime());
  // A 31st of February is none: Node would take it for a day of March.
  if (isThere && (DAY.test(text) ? time.toISOString().startsWith(text) : RFC_3339.test(text))) return time;
  throw new UsageError(`--${name} is "${text}": it must be a day, such as 2026-11-01, or a time of RFC 3339.`);
}
