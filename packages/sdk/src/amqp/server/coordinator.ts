/** What a link with a transaction coordinator for its target takes: declare and discharge (AMQP 1.0, 4.5). */
import { AmqpReader, DecodeError } from "../codec-reader.js";
import type { Declared } from "../encode-frames.js";
import { type BackendConnection, type Condition, type Postponed, Refusal } from "./backend.js";
import type { Transactions } from "./transaction.js";

export class Coordinator {
  readonly dynamicAddress: undefined;
  readonly grantsCredit = true;
  readonly #transactions: Transactions;
  readonly #backend: BackendConnection;
  readonly #declared = new Map<string, Buffer>();

  constructor(transactions: Transactions, backend: BackendConnection) {
    this.#transactions = transactions;
    this.#backend = backend;
  }

  receive(message: Buffer): Condition | Declared | Postponed | undefined {
    try {
      return this.#act(message);
    } catch (error) {
      if (error instanceof Refusal) return error;
      if (error instanceof DecodeError) {
        return { condition: "amqp:decode-error", description: `Neither declare nor discharge: ${error.message}.` };
      }
      throw error;
    }
  }

  /** The transactions of a coordinator end with its link. */
  close(): void {
    this.#transactions.abandon(this.#declared.values());
    this.#declared.clear();
  }

  #act(message: Buffer): Condition | Declared | Postponed | undefined {
    const reader = new AmqpReader(message);
    if (reader.descriptor() !== 0x77) throw new DecodeError("the body is no amqp-value");
    const command = reader.descriptor();
    const count = reader.listLength();
    if (command === 0x31 || command === "amqp:declare:list") return this.#declare(reader, count);
    if (command !== 0x32 && command !== "amqp:discharge:list") throw new DecodeError("the value is another one");
    const id = count > 0 ? reader.value() : undefined;
    const fail = count > 1 ? reader.value() === true : false;
    if (!Buffer.isBuffer(id)) throw new DecodeError("a discharge without a transaction");
    this.#declared.delete(id.toString("hex"));
    const failure = this.#transactions.discharge(id, fail);
    return fail ? undefined : (this.#backend.postponedCommit(failure) ?? failure);
  }

  #declare(reader: AmqpReader, count: number): Declared {
    if (count > 0 && reader.value() !== null) {
      throw new Refusal("amqp:not-implemented", "There are no distributed transactions here.");
    }
    const id = this.#transactions.declare();
    this.#declared.set(id.toString("hex"), id);
    return { declared: id };
  }
}
