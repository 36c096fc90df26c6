/**
 * Changes of accounts that an operator asks for: each under the lock of its account, in one transaction with the record of
 * who made it, and once for a request_id.
 */
import type { Database, Transaction } from "../../platform/database.js";
import { ManagementError } from "../management-error.js";
import { messageDigest } from "../message-digest.js";
import type { AccountBooks, AccountState } from "./account-books.js";

/** What is asked for, and by whom. */
export interface AccountChange {
  readonly actor: string;
  /** The method, for example `TopUpClient`. */
  readonly action: string;
  /** The account's id. */
  readonly account: string;
  readonly reason: string;
  /** Empty where the caller gave none: then the change is made each time. */
  readonly requestId: string;
  /** All else that the call chose: the same request_id with other parameters is refused. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** An account that nobody else changes until the transaction ends. */
export interface LockedAccount {
  readonly id: string;
  readonly currency: string;
  readonly balance: bigint;
  readonly state: AccountState;
}

export interface ChangeParts {
  readonly database: Pick<Database, "transaction">;
  readonly books: AccountBooks;
  /** The clock: milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Makes a change of an account that exists, unless its request_id made it before.
 * @throws ManagementError NOT_FOUND; ALREADY_EXISTS for a request_id that was used with other parameters; what `work` throws.
 */
export function changeAccount(
  { database, books, now }: ChangeParts,
  change: AccountChange,
  work: (transaction: Transaction, account: LockedAccount, time: Date) => Promise<void>,
): Promise<void> {
  return database.transaction(async (transaction) => {
    // Locked first, as the steps do, so that of two that are alike the second waits here and finds the first's record.
    const account = await lockAccount(transaction, books, change.account);
    const time = new Date(now());
    const recorded = await recordAction(transaction, books, change, time);
    if (recorded === "new") await work(transaction, account, time);
  });
}

/** @throws ManagementError NOT_FOUND */
async function lockAccount(transaction: Transaction, books: AccountBooks, id: string): Promise<LockedAccount> {
  const { rows } = await transaction.query<LockedAccount>({
    name: "lock-account",
    text: `SELECT id, currency, balance, state FROM ${books.schema}.${books.holders} WHERE id = $1 FOR NO KEY UPDATE`,
    values: [id],
  });
  const [account] = rows;
  if (account === undefined) throw noSuchAccount(books);
  return account;
}

/** What came of the record of a change: it is new, or its request_id has made it before, to the account that is named. */
export type RecordedAction = "new" | { readonly before: string };

/**
 * Records who makes a change. Of two with one request_id the second waits for the transaction of the first.
 * @throws ManagementError ALREADY_EXISTS
 */
export async function recordAction(
  transaction: Transaction,
  { schema }: AccountBooks,
  change: AccountChange,
  time: Date,
): Promise<RecordedAction> {
  const { actor, action, account, reason, requestId } = change;
  const hash = messageDigest({ action, ...change.parameters });
  const { rowCount } = await transaction.query({
    name: "record-account-action",
    text: `INSERT INTO ${schema}.account_actions (time, actor, action, account, reason, request_id, parameters_hash)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (request_id) WHERE request_id IS NOT NULL DO NOTHING`,
    values: [time, actor, action, account, reason, requestId === "" ? null : requestId, hash],
  });
  if (rowCount === 1) return "new";
  const { rows } = await transaction.query<{ account: string; hash: string }>({
    name: "find-account-action",
    text: `SELECT account, parameters_hash AS hash FROM ${schema}.account_actions WHERE request_id = $1`,
    values: [requestId],
  });
  const [before] = rows;
  if (before === undefined || before.hash !== hash) throw requestIdReused();
  return { before: before.account };
}

export function noSuchAccount({ holders, notFound }: AccountBooks): ManagementError {
  return new ManagementError("NOT_FOUND", notFound, `There is no such ${holders.slice(0, -1)}.`);
}

export function requestIdReused(): ManagementError {
  return new ManagementError(
    "ALREADY_EXISTS",
    "REQUEST_ID_REUSED",
    "This request_id was used before for another change; nothing was done.",
  );
}

/** The error of a change that the state of an account does not allow. */
export function wrongState(state: AccountState, must: string): ManagementError {
  return new ManagementError("FAILED_PRECONDITION", "ACCOUNT_STATE", `The account is ${state}: it must be ${must}.`, {
    metadata: { state },
  });
}

/**
 * Puts an account into another state.
 * @throws ManagementError FAILED_PRECONDITION when it is in none of `from`, or is to be closed with money on it.
 */
export function changeState(
  parts: ChangeParts,
  change: AccountChange,
  { from, to }: { readonly from: readonly AccountState[]; readonly to: AccountState },
): Promise<void> {
  const { schema, holders } = parts.books;
  return changeAccount(parts, change, async (transaction, { id, state, balance }, time) => {
    if (!from.includes(state)) throw wrongState(state, from.join(" or "));
    if (to === "closed" && balance !== 0n) {
      throw new ManagementError(
        "FAILED_PRECONDITION",
        "BALANCE_NOT_ZERO",
        "There is money on the account: pay it out.",
      );
    }
    await transaction.query({
      name: "change-account-state",
      text: `UPDATE ${schema}.${holders} SET state = $2, update_time = $3 WHERE id = $1`,
      values: [id, to, time],
    });
  });
}
