/** Transactions of the peers of one connection (AMQP 1.0, 4): work that is kept until it is done all at once, or undone. */
import { type Condition, Refusal, type Transaction, type TransactionWork } from "./backend.js";

/** Transactions open on one connection at once. */
const MAXIMUM_OPEN = 1_000;
/** Sends and acknowledgements in one transaction. */
const MAXIMUM_WORK = 100_000;

class OpenTransaction implements Transaction {
  readonly #work: TransactionWork[] = [];
  #failure: Condition | undefined;

  add(work: TransactionWork): void {
    this.#work.push(work);
    if (this.#work.length > MAXIMUM_WORK) {
      const description = `A transaction holds ${MAXIMUM_WORK} messages at most.`;
      this.fail({ condition: "amqp:resource-limit-exceeded", description });
    }
  }

  fail(condition: Condition): void {
    this.#failure ??= condition;
  }

  /** What is returned says why it was rolled back instead. */
  commit(): Condition | undefined {
    if (this.#failure !== undefined) {
      this.rollback();
      return this.#failure;
    }
    for (const work of this.#work) work.commit();
    return undefined;
  }

  /** From the last to the first, so that what was taken comes back in its order. */
  rollback(): void {
    for (const work of this.#work.reverse()) work.rollback();
  }
}

/** The open transactions of a connection by their ids. They may be used in every session of it, as in Artemis. */
export class Transactions {
  readonly #open = new Map<string, OpenTransaction>();
  #lastId = 0n;

  /** @returns the id. @throws Refusal when too many are open. */
  declare(): Buffer {
    if (this.#open.size >= MAXIMUM_OPEN) {
      throw new Refusal("amqp:resource-limit-exceeded", `${MAXIMUM_OPEN} transactions are open already.`);
    }
    const id = Buffer.alloc(8);
    id.writeBigUInt64BE(++this.#lastId);
    this.#open.set(keyOf(id), new OpenTransaction());
    return id;
  }

  /** @throws Refusal `amqp:transaction:unknown-id` */
  get(id: Buffer): Transaction {
    const transaction = this.#open.get(keyOf(id));
    if (transaction !== undefined) return transaction;
    throw new Refusal("amqp:transaction:unknown-id", "There is no such transaction, or it has ended.");
  }

  /** What is returned says why a commit became a rollback. @throws Refusal as {@link get} does. */
  discharge(id: Buffer, fail: boolean): Condition | undefined {
    const transaction = this.get(id) as OpenTransaction;
    this.#open.delete(keyOf(id));
    if (fail) {
      transaction.rollback();
      return undefined;
    }
    return transaction.commit();
  }

  /** Rolls back what is still open of these. */
  abandon(ids: Iterable<Buffer>): void {
    for (const id of ids) if (this.#open.has(keyOf(id))) this.discharge(id, true);
  }
}

function keyOf(id: Buffer): string {
  return id.toString("hex");
}
