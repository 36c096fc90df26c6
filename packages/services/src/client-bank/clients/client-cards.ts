/** What an operator does to clients and their cards; card-validation says what may be kept of a card. */
import { randomUUID } from "node:crypto";
import type * as api from "../../gen/quittance/accounts/v1/clients.js";
import type { Database, Transaction } from "../../platform/database.js";
import { CLIENT_BOOKS } from "../../shared/accounts/account-books.js";
import { type AccountChange, changeAccount, recordAction } from "../../shared/accounts/change-account.js";
import { checkChangeId, checkCurrency, checkName, checkReason } from "../../shared/accounts/check-changes.js";
import type { ManagementCall } from "../../shared/answer-management.js";
import type { AskParts } from "../../shared/ask-signed.js";
import { checked } from "../../shared/checked.js";
import { REQUIRED } from "../../shared/field-checks.js";
import { ManagementError } from "../../shared/management-error.js";
import type { StoredCard } from "../../shared/store-card.js";
import { findClient } from "../operations/find-clients.js";
import { insertClient, replaceCard } from "../operations/write-clients.js";
import { checkClientId } from "./check-client-id.js";
import { registerCard } from "./register-card.js";

export interface ClientServiceParts extends AskParts {
  readonly database: Database;
  /** The clock: milliseconds since 1970. */
  readonly now: () => number;
}

/** Opens an account. @returns the client's id. */
export async function createClient(
  parts: ClientServiceParts,
  { actor, request, card: sealed }: ManagementCall<api.CreateClientRequest>,
): Promise<string> {
  const { requestId, currencyCode: currency } = request;
  const { name, reason } = checked((check) => {
    checkChangeId(requestId, check, "required");
    if (request.id !== "") checkClientId(request.id, check);
    checkCurrency(currency, check);
    return { name: checkName(request.name, check), reason: checkReason(request.reason, check) };
  });
  const id = request.id === "" ? `c-${randomUUID()}` : request.id;
  const card = sealed && (await registerCard(parts, id, sealed));
  const change: AccountChange = {
    ...{ actor, action: "CreateClient", account: id, reason, requestId },
    parameters: { id: request.id, name, currency, ...parametersOf(card) },
  };
  return parts.database.transaction(async (transaction) => {
    const time = new Date(parts.now());
    const recorded = await recordAction(transaction, CLIENT_BOOKS, change, time);
    if (recorded !== "new") return recorded.before;
    const made = await refusingTakenCards(insertClient(transaction, { id, name, currency, card, time }));
    if (made) return id;
    throw new ManagementError("ALREADY_EXISTS", "CLIENT_EXISTS", "There is a client with this id.");
  });
}

/** Gives a card to a client that has none. */
export function addCard(parts: ClientServiceParts, call: ManagementCall<api.AddClientCardRequest>): Promise<void> {
  return putCard(parts, "AddClientCard", call, (hasCard) => {
    if (!hasCard) return;
    throw new ManagementError("FAILED_PRECONDITION", "CARD_PRESENT", "The client has a card: renew it.");
  });
}

/** Puts a card into the place of the one that a client has. */
export function renewCard(parts: ClientServiceParts, call: ManagementCall<api.RenewClientCardRequest>): Promise<void> {
  return putCard(parts, "RenewClientCard", call, (hasCard) => {
    if (!hasCard) throw cardMissing();
  });
}

/** Takes the card of a client away. */
export function removeCard(parts: ClientServiceParts, change: AccountChange): Promise<void> {
  return changeAccount({ ...parts, books: CLIENT_BOOKS }, change, async (transaction, { id }, time) => {
    if (!(await hasCard(transaction, id))) throw cardMissing();
    await replaceCard(transaction, { id, card: undefined, time });
  });
}

async function putCard(
  parts: ClientServiceParts,
  action: string,
  { actor, request, card: sealed }: ManagementCall<api.AddClientCardRequest>,
  judge: (hasCard: boolean) => void,
): Promise<void> {
  const { id: account, requestId } = request;
  const reason = checked((check) => {
    checkClientId(account, check);
    checkChangeId(requestId, check);
    check(sealed !== undefined, "card", REQUIRED);
    return checkReason(request.reason, check);
  });
  if (sealed === undefined) return;
  const card = await registerCard(parts, account, sealed);
  const parameters = { account, reason, ...parametersOf(card) };
  const change = { actor, action, account, reason, requestId, parameters };
  await changeAccount({ ...parts, books: CLIENT_BOOKS }, change, async (transaction, { id }, time) => {
    judge(await hasCard(transaction, id));
    await refusingTakenCards(replaceCard(transaction, { id, card, time }));
  });
}

async function hasCard(transaction: Transaction, id: string): Promise<boolean> {
  return ((await findClient(transaction, id))?.cardExpiryMonth ?? null) !== null;
}

/** By what a card is the same as another: its seal is made of chance, and keys of fingerprints change. */
function parametersOf(card: StoredCard | undefined): Readonly<Record<string, unknown>> {
  if (card === undefined) return {};
  const { lastFour, expiryMonth, expiryYear } = card;
  return { lastFour, expiryMonth, expiryYear };
}

/** @throws ManagementError ALREADY_EXISTS when the card is another client's. */
async function refusingTakenCards<Result>(written: Promise<Result>): Promise<Result> {
  try {
    return await written;
  } catch (error) {
    const { code, constraint } = error as { readonly code?: unknown; readonly constraint?: unknown };
    const isTaken = code === "23505" && String(constraint).endsWith("card_fingerprint");
    if (!isTaken) throw error;
    throw new ManagementError("ALREADY_EXISTS", "CARD_TAKEN", "The card is that of another client.");
  }
}

function cardMissing(): ManagementError {
  return new ManagementError("FAILED_PRECONDITION", "CARD_MISSING", "The client has no card.");
}
