/** What `accounts` does by the same operations as the API: rename, freeze, unfreeze, pay out, cards, and the statement. */
import type pg from "pg";
import type { Session, Transaction } from "../../platform/database.js";
import type { AccountState } from "../../shared/accounts/account-books.js";
import { type AccountChange, changeAccount, changeState } from "../../shared/accounts/change-account.js";
import { moveMoney } from "../../shared/accounts/move-money.js";
import { type EntryRow, pageEntries } from "../../shared/accounts/page-entries.js";
import { ManagementError } from "../../shared/management-error.js";
import type { StoredCard } from "../../shared/store-card.js";
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

/** Gives an account another name. */
export function rename(client: pg.Client, account: Account, by: Actor, name: string): Promise<Refusal> {
  const { schema, holders } = booksOf(account);
  const change = changeOf(account, by, "rename", "", { account: account.id, name });
  return refusalOf(() =>
    changeAccount(partsOn(client, account, by, "rename"), change, async (transaction, { id }, time) => {
      await transaction.query({
        text: `UPDATE ${schema}.${holders} SET name = $2, update_time = $3 WHERE id = $1`,
        values: [id, name, time],
      });
    }),
  );
}

/** What is done to the card of a client. */
export type CardVerb = "add-card" | "renew-card" | "remove-card";

/** Gives a client a card, puts another into its place, or takes it away. `card` is absent where it is taken away. */
export function changeCard(
  client: pg.Client,
  account: Account,
  by: Actor,
  { verb, card }: { readonly verb: CardVerb; readonly card?: StoredCard | undefined },
): Promise<Refusal> {
  const { lastFour, expiryMonth, expiryYear } = card ?? {};
  const change = changeOf(account, by, verb, "", { account: account.id, lastFour, expiryMonth, expiryYear });
  return refusalOf(() =>
    changeAccount(partsOn(client, account, by, verb), change, async (transaction, { id }, time) => {
      // As client-bank judges it: clients/client-cards.ts.
      const { rowCount } = await transaction.query({
        text: "SELECT FROM client_bank.clients WHERE id = $1 AND card_expiry_month IS NOT NULL",
        values: [id],
      });
      if (verb === "add-card" && rowCount === 1) throw cardRefusal("CARD_PRESENT", "The client has a card: renew it.");
      if (verb !== "add-card" && rowCount !== 1) throw cardRefusal("CARD_MISSING", "The client has no card.");
      await transaction
        .query({
          text: `UPDATE client_bank.clients SET update_time = $2, sealed_card = $3, card_fingerprint = $4,
                   former_card_fingerprint = $5, card_brand = $6, card_last_four = $7, card_expiry_month = $8,
                   card_expiry_year = $9, wrong_expiries = 0, wrong_expiries_since = NULL
                 WHERE id = $1`,
          values: [
            ...[id, time, card?.sealedCard, card?.fingerprint, card?.otherFingerprint, card?.brand, lastFour],
            ...[expiryMonth, expiryYear],
          ],
        })
        .catch((error: unknown) => {
          const { code, constraint } = error as { readonly code?: unknown; readonly constraint?: unknown };
          const isTaken = code === "23505" && String(constraint).endsWith("card_fingerprint");
          throw isTaken ? cardRefusal("CARD_TAKEN", "The card is that of another client.") : error;
        });
    }),
  );
}

function cardRefusal(reason: "CARD_PRESENT" | "CARD_MISSING" | "CARD_TAKEN", sentence: string): ManagementError {
  return new ManagementError("FAILED_PRECONDITION", reason, sentence);
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

/** The methods of the API that do the same, without the kind of account. */
const ACTIONS: Readonly<Record<string, string>> = {
  ...{ rename: "Update", freeze: "Freeze", unfreeze: "Unfreeze", "pay-out": "PayOut" },
  ...{ "add-card": "Add", "renew-card": "Renew", "remove-card": "Remove" },
};

function changeOf(
  { kind, id }: Account,
  { actor, reason }: Actor,
  verb: string,
  requestId: string,
  parameters: AccountChange["parameters"],
): AccountChange {
  const action = `${ACTIONS[verb] ?? verb}${kind === "client" ? "Client" : "Merchant"}${verb.endsWith("-card") ? "Card" : ""}`;
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
