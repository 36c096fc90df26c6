/** What `accounts` does by the same operations as the API: freeze, unfreeze, pay out, and the statement. */
import type pg from "pg";
import type { Session, Transaction } from "../../platform/database.js";
import type { AccountState } from "../../shared/accounts/account-books.js";
import { type AccountChange, changeState } from "../../shared/accounts/change-account.js";
import { moveMoney } from "../../shared/accounts/move-money.js";
import { type EntryRow, pageEntries } from "../../shared/accounts/page-entries.js";
import { ManagementError } from "../../shared/management-error.js";
import { type Account, booksOf } from "./account-id.js";
import { type Actor, recordAction } from "./action-record.js";
import { inTransaction } from "./operator-database.js";

/** Why a change was refused, as a sentence; undefined when it was made. */
export type Refusal = string | undefined;

/** Puts an account from one state into another. */
export function changeStateOf(
  client: pg.Client,
  account: Account,
  by: Actor,
  states: { readonly from: readonly AccountState[]; readonly to: AccountState; readonly verb: string },
): Promise<Refusal> {
  const change = changeOf(account, by, states.verb, "", {});
  return refusalOf(() => changeState(partsOn(client, account, by, states.verb), change, states));
}

/** Pays money of an account out, once for an id. */
export function payOut(
  client: pg.Client,
  account: Account,
  by: Actor,
  movement: { readonly id: string; readonly currency: string; readonly amount: bigint },
): Promise<Refusal> {
  const { id, currency, amount } = movement;
  const parameters = { account: account.id, currency, amount: amount.toString(), reason: by.reason };
  const change = changeOf(account, by, "pay-out", id, parameters);
  const money = { kind: "pay-out", currency, amount } as const;
  return refusalOf(() => moveMoney(partsOn(client, account, by, "pay-out"), change, money));
}

/** The newest entries of an account, each with the balance after it. */
export function newestEntries(client: pg.Client, account: Account, limit: number): Promise<EntryRow[]> {
  return pageEntries(sessionOn(client), booksOf(account), { account: account.id, pageSize: limit });
}

const ACTIONS: Readonly<Record<string, string>> = { freeze: "Freeze", unfreeze: "Unfreeze", "pay-out": "PayOut" };

function changeOf(
  { kind, id }: Account,
  { actor, reason }: Actor,
  verb: string,
  requestId: string,
  parameters: AccountChange["parameters"],
): AccountChange {
  const action = `${ACTIONS[verb] ?? verb}${kind === "client" ? "Client" : "Merchant"}`;
  return { actor, action, account: id, reason, requestId, parameters };
}

/** The operator's own record is written with the bank's, in one transaction. */
function partsOn(client: pg.Client, account: Account, by: Actor, verb: string) {
  const action = { ...by, command: `accounts ${verb}`, subject: `${account.kind} ${account.id}` };
  return {
    books: booksOf(account),
    now: Date.now,
    database: {
      transaction: <T>(work: (transaction: Transaction) => Promise<T>) =>
        inTransaction(client, async () => {
          const result = await work({ ...sessionOn(client), commit: async () => undefined });
          await recordAction(client, action);
          return result;
        }),
    },
  };
}

function sessionOn(client: pg.Client): Session {
  return {
    query: (statement) =>
      typeof statement === "string"
        ? client.query(statement)
        : client.query({ text: statement.text, values: [...(statement.values ?? [])] }),
  };
}

async function refusalOf(change: () => Promise<void>): Promise<Refusal> {
  try {
    await change();
    return undefined;
  } catch (error) {
    if (error instanceof ManagementError) return `${error.message} Nothing was changed.`;
    throw error;
  }
}
