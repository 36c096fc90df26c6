/** The surface of transactions (JMS 3.1, 6.2.7): sends and acknowledgements that happen together, or not at all. */
import type { Destination } from "./destination.js";
import type { Message, OutgoingMessage, SendOptions } from "./message.js";

/**
 * - `open`: work can be added.
 * - `committing`: the broker was asked, or is about to be.
 * - `committed`: all of it happened.
 * - `rolled-back`: nothing of it happened: on request, because the broker refused, or because the connection broke before the
 *   commit.
 * - `in-doubt`: the connection broke during the commit: all of it happened, or nothing.
 */
export type TransactionState = "open" | "committing" | "committed" | "rolled-back" | "in-doubt";

/** What can be done within a transaction. */
export interface TransactionScope {
  /**
   * Sends within the transaction. Resolves when the broker has taken the message provisionally; nobody sees it before
   * the commit. A send that fails dooms the transaction: its commit rolls back.
   * @throws MessagingError as a producer's send does; `closed` when the transaction has ended.
   */
  send(destination: Destination, message: OutgoingMessage, options?: Omit<SendOptions, "signal">): Promise<void>;
  /**
   * Accepts a message that is not settled, if the transaction commits. After a rollback it comes again, with its
   * delivery count raised. The consumer must be of the same connection and acknowledge one by one.
   * @throws MessagingError `invalid-argument` for a message that is settled already or came over another connection or
   * an earlier line, which dooms the transaction; `closed` when the transaction has ended.
   */
  accept(message: Message): void;
}

/** A transaction that its owner ends. Disposing of one that is open rolls it back. */
export interface Transaction extends TransactionScope, AsyncDisposable {
  readonly state: TransactionState;
  /**
   * Waits for the sends under way, then commits; resolves when all of it has happened.
   * @throws MessagingError `rolled-back` when the broker refused (a duplicate id, for one) or a send had failed;
   * `connection-lost` when the connection broke before the broker was asked: nothing happened; `in-doubt` when it broke, or
   * 30 s passed, before the answer.
   */
  commit(): Promise<void>;
  /** Undoes all of it. Safe to call twice, and after the connection broke: the broker then did so itself. */
  rollback(): Promise<void>;
}
