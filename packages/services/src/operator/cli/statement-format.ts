/** What a format of statements is. */
import type { Account } from "./account-id.js";

/** An entry with the balance after it, in minor units. */
export interface StatementEntry {
  readonly time: Date;
  readonly kind: string;
  /** The payment's id, or that of a top-up or payout. */
  readonly paymentId: string;
  /** Empty when it is of no refund. */
  readonly refundId: string;
  readonly amount: bigint;
  readonly balance: bigint;
}

/** What a statement begins with. Balances are in minor units. */
export interface StatementHead {
  readonly account: Account;
  readonly name: string;
  readonly currency: string;
  readonly from: Date;
  readonly to: Date;
  readonly openingBalance: bigint;
  readonly closingBalance: bigint;
  /** When the statement was made. */
  readonly time: Date;
}

/** A format: the text before the entries, of each entry, and after them. */
export interface StatementFormat {
  head(head: StatementHead): string;
  entry(entry: StatementEntry, head: StatementHead): string;
  readonly end: string;
}
