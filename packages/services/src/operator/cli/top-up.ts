/** `accounts top-up`: money from outside, by a balanced entry that is made once for an id. */
import type pg from "pg";
import { MAXIMUM_AMOUNT } from "../../shared/accounts/check-changes.js";
import { idHoldsCardNumber } from "../../shared/card-number-in-text.js";
import { booksOf } from "./account-id.js";
import { type Actor, recordAction } from "./action-record.js";
import { UsageError } from "./command.js";
import { inTransaction } from "./operator-database.js";

/** Where the money goes. */
export interface ToppedUp {
  readonly kind: "client" | "merchant";
  readonly id: string;
  /** The table of accounts, with its schema. */
  readonly table: string;
}

export interface TopUp {
  /** Chosen by the operator: the same for the same movement, however often it is asked for. */
  readonly id: string;
  readonly account: ToppedUp;
  readonly currency: string;
  /** Minor units, above zero. */
  readonly amount: bigint;
  readonly by: Actor;
}

export type TopUpOutcome =
  | "done"
  /** The same was done before. */
  | "done before"
  /** The id was used for another account, currency or amount. */
  | "id used for another"
  | "no such open account in that currency";

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws UsageError */
export function parseTopUp(id: string, amount: string): { readonly id: string; readonly amount: bigint } {
  if (!ID.test(id)) throw new UsageError(`--id is "${id}": it must be 1 to 64 letters, digits, _ and -.`);
  if (idHoldsCardNumber(id)) throw new UsageError("--id looks like a card's number: it is kept in clear.");
  const minorUnits = /^[0-9]{1,16}$/.test(amount) ? BigInt(amount) : 0n;
  if (minorUnits < 1n || minorUnits > MAXIMUM_AMOUNT) {
    throw new UsageError(
      `--amount is "${amount}": it must be a whole number of minor units, from 1 to ${MAXIMUM_AMOUNT}.`,
    );
  }
  return { id, amount: minorUnits };
}

/** Entries, balance and who did it are written in one transaction. @throws the driver's errors. */
export function topUp(client: pg.Client, request: TopUp): Promise<TopUpOutcome> {
  const { account, amount, currency, by } = request;
  const { schema } = booksOf(account);
  const entryId = `topup_${request.id}`;
  return inTransaction(client, async () => {
    // Locked first, as the banks do, so that of two that are alike the second waits here and finds the first's entries.
    const { rowCount } = await client.query(
      `SELECT FROM ${account.table} WHERE id = $1 AND currency = $2 AND state = 'open' FOR NO KEY UPDATE`,
      [account.id, currency],
    );
    if (rowCount === 0) return "no such open account in that currency";
    const { rows } = await client.query<{ account: string }>(
      `INSERT INTO ${schema}.ledger_entries (payment_id, kind, direction, account, currency, amount, "time")
       VALUES ($1, 'top-up', 'debit', 'funding', $3, -$4::int8, now()), ($1, 'top-up', 'credit', $2, $3, $4, now())
       ON CONFLICT DO NOTHING RETURNING account`,
      [entryId, account.id, currency, amount],
    );
    if (rows.length === 0) {
      const same = await client.query(
        `SELECT FROM ${schema}.ledger_entries
         WHERE payment_id = $1 AND kind = 'top-up' AND account = $2 AND currency = $3 AND amount = $4`,
        [entryId, account.id, currency, amount],
      );
      return same.rowCount === 1 ? "done before" : "id used for another";
    }
    await client.query(`UPDATE ${account.table} SET balance = balance + $2 WHERE id = $1`, [account.id, amount]);
    const subject = `${account.kind} ${account.id}, ${amount} ${currency}, entries ${entryId}`;
    await recordAction(client, { ...by, command: "accounts top-up", subject });
    return "done";
  });
}
