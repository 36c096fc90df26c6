/** Money that an operator brings to an account from outside, or pays out of it: balanced entries, made once. */
import { ManagementError } from "../management-error.js";
import { MERCHANT_BOOKS, OUTSIDE } from "./account-books.js";
import { type AccountChange, type ChangeParts, changeAccount, requestIdReused, wrongState } from "./change-account.js";

/** A movement between an account and the world outside. */
export interface Movement {
  readonly kind: "top-up" | "pay-out";
  readonly currency: string;
  /** Minor units, above zero. */
  readonly amount: bigint;
}

/** What the ids of such movements begin with, in the place of a payment's. */
const PREFIX = { "top-up": "topup_", "pay-out": "payout_" } as const;

/** The request_id of a movement, of its entries' id. */
export function requestIdOfEntry(entryId: string): string {
  return entryId.slice(entryId.indexOf("_") + 1);
}

/**
 * Moves the money.
 * @throws ManagementError FAILED_PRECONDITION for an account in another state or currency, or with less money.
 */
export async function moveMoney(
  parts: ChangeParts,
  change: AccountChange,
  { kind, currency, amount }: Movement,
): Promise<void> {
  const { schema, holders } = parts.books;
  const added = kind === "top-up" ? amount : -amount;
  await changeAccount(parts, change, async (transaction, account, time) => {
    if (kind === "top-up" && account.state !== "open") throw wrongState(account.state, "open");
    if (kind === "pay-out" && account.state === "frozen") throw wrongState(account.state, "open or closed");
    if (account.currency !== currency) throw otherCurrency(account.currency);
    if (account.balance + added < 0n) throw insufficientFunds();
    const { rowCount } = await transaction.query({
      name: "enter-movement",
      text: `INSERT INTO ${schema}.ledger_entries (payment_id, kind, direction, account, currency, amount, time)
             VALUES ($1, $2, CASE WHEN $5::int8 < 0 THEN 'debit' ELSE 'credit' END, $3, $4, $5, $6),
                    ($1, $2, CASE WHEN $5::int8 < 0 THEN 'credit' ELSE 'debit' END, '${OUTSIDE}', $4, -$5::int8, $6)
             ON CONFLICT DO NOTHING`,
      values: [PREFIX[kind] + change.requestId, kind, account.id, currency, added, time],
    });
    // An operator's command made one under this id.
    if (rowCount !== 2) throw requestIdReused();
    if (kind === "pay-out" && schema === MERCHANT_BOOKS.schema) {
      // Step P1 tells it.
      await transaction.query({
        name: "record-payout-notice",
        text: `INSERT INTO merchant_bank.payout_notices (entry_id, merchant_id, currency, amount, time)
               VALUES ($1, $2, $3, $4, $5)`,
        values: [PREFIX[kind] + change.requestId, account.id, currency, amount, time],
      });
    }
    await transaction
      .query({
        name: "move-balance",
        text: `UPDATE ${schema}.${holders} SET balance = balance + $2 WHERE id = $1`,
        values: [account.id, added],
      })
      .catch((error: unknown) => {
        throw isOfTheBalance(error) ? insufficientFunds() : error;
      });
  });
}

/** What the table itself refuses: a part of the balance may not be free. */
function isOfTheBalance(error: unknown): boolean {
  const { code, constraint } = error as { readonly code?: unknown; readonly constraint?: unknown };
  return code === "23514" && typeof constraint === "string" && constraint.endsWith("_balance");
}

function insufficientFunds(): ManagementError {
  return new ManagementError("FAILED_PRECONDITION", "INSUFFICIENT_FUNDS", "There is less money on the account.");
}

function otherCurrency(currency: string): ManagementError {
  return new ManagementError("FAILED_PRECONDITION", "CURRENCY_MISMATCH", `The account is kept in ${currency}.`, {
    metadata: { currency },
  });
}
