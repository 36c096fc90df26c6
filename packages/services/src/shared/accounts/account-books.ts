/** The two banks' books of accounts, which have the same form: the accounts of clients, and those of merchants. */

/** Where a bank keeps its accounts. */
export interface AccountBooks {
  readonly schema: "client_bank" | "merchant_bank";
  /** The table of its accounts. */
  readonly holders: "clients" | "merchants";
  /** The reason of the error for an account that there is not. */
  readonly notFound: "CLIENT_NOT_FOUND" | "MERCHANT_NOT_FOUND";
}

export const CLIENT_BOOKS: AccountBooks = {
  schema: "client_bank",
  holders: "clients",
  notFound: "CLIENT_NOT_FOUND",
};
export const MERCHANT_BOOKS: AccountBooks = {
  schema: "merchant_bank",
  holders: "merchants",
  notFound: "MERCHANT_NOT_FOUND",
};

/** Whether payments of an account are taken. */
export type AccountState = "open" | "frozen" | "closed";

/** The account of `ledger_entries` that is the world outside: where money comes from, and where it is paid out to. */
export const OUTSIDE = "funding";
