/** Whose account a command is about. */
import { type AccountBooks, CLIENT_BOOKS, MERCHANT_BOOKS } from "../../shared/accounts/account-books.js";
import { idHoldsCardNumber } from "../../shared/card-number-in-text.js";
import { isClientId } from "../../shared/client-id.js";
import { isMerchantId } from "../../shared/merchant-id.js";
import { isReservedAccount } from "../../shared/reserved-accounts.js";
import { type CommandCall, textOption, UsageError } from "./command.js";

export interface Account {
  readonly kind: "client" | "merchant";
  readonly id: string;
  /** The table of such accounts, with its schema. */
  readonly table: string;
}

/** Whoever gives a merchant such an id has most likely taken the wrong option. */
const LIKE_A_CLIENTS = /^c-/i;

/**
 * The account that --client or --merchant names.
 * @param isNew Whether the account is to be made: then an id must also be one that nobody takes for another's.
 * @throws UsageError
 */
export function accountOf(call: CommandCall, { isNew }: { readonly isNew: boolean }): Account {
  const client = textOption(call, "client");
  const merchant = textOption(call, "merchant");
  const id = client ?? merchant;
  if (id === undefined || (client !== undefined && merchant !== undefined)) {
    throw new UsageError("Give either --client or --merchant.");
  }
  const option = client === undefined ? "--merchant" : "--client";
  // Not even shown back: what looks like a card's number may be one.
  if (idHoldsCardNumber(id)) throw new UsageError(`${option} looks like a card's number, which no id may hold.`);
  if (isReservedAccount(id)) throw new UsageError(`"${id}" is an account of the banks' own: choose another id.`);
  if (client !== undefined) {
    if (!isClientId(id)) throw new UsageError(`"${id}" is not the id of a client, such as c-0001.`);
    return { kind: "client", id, table: "client_bank.clients" };
  }
  if (!isMerchantId(id)) {
    throw new UsageError(
      `"${id}" is not the id of a merchant: 1 to 64 letters, digits, _, . and -, such as m-0001 or shop.example.`,
    );
  }
  if (isNew && LIKE_A_CLIENTS.test(id)) {
    throw new UsageError(`"${id}" looks like a client's id: use --client, or give the merchant another id.`);
  }
  return { kind: "merchant", id, table: "merchant_bank.merchants" };
}

/** The books that an account is in. */
export function booksOf({ kind }: Pick<Account, "kind">): AccountBooks {
  return kind === "client" ? CLIENT_BOOKS : MERCHANT_BOOKS;
}

/** What is said of an account that does not exist. */
export function thereIsNo({ kind, id }: Account): string {
  const hint = kind === "merchant" && LIKE_A_CLIENTS.test(id) ? " It looks like a client's id: use --client." : "";
  return `There is no ${kind} ${id}.${hint}`;
}
