import { checkDestination, checkNames, namesOf } from "../arguments.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message, OutgoingMessage, SendOptions } from "../message.js";
import { observeSend } from "../telemetry/client-operations.js";
import { startSends } from "../telemetry/send-durations.js";
import type { Transaction, TransactionState } from "../transaction.js";
import type { AddressPrefixes } from "./address-prefixes.js";
import { encodeMessage } from "./encode-message.js";
import { rejectionError } from "./map-error.js";
import { ReceivedMessage, type Settler } from "./received-message.js";
import { checkUsable } from "./temporary-destination.js";
import type { TransactionLink } from "./transaction-link.js";

/** How long the broker may take to answer one send or the commit. */
const ANSWER_TIMEOUT_MS = 30_000;
const SEND_OPTIONS = namesOf<Omit<SendOptions, "signal">>({
  priority: true,
  deliveryMode: true,
  timeToLiveMs: true,
  deliveryDelayMs: true,
  duplicateId: true,
});
const VALUE = Buffer.from([0x00, 0x53, 0x77]);
const DECLARE = Buffer.concat([VALUE, Buffer.from([0x00, 0x53, 0x31, 0x45])]);

/** The links of one transport over which its transactions go. */
export interface TransactionLinks {
  readonly coordinator: TransactionLink;
  /** What the broker wants before addresses. */
  readonly prefixes: AddressPrefixes;
  /** For messages to any address; attached when it is first needed. @throws MessagingError */
  relay(): Promise<TransactionLink>;
}

/** @returns the id of a new transaction. @throws MessagingError */
export async function declare({ coordinator }: TransactionLinks): Promise<Buffer> {
  const { declared, error } = await coordinator.send(DECLARE, undefined, ANSWER_TIMEOUT_MS);
  if (declared !== undefined) return declared;
  throw new MessagingError("not-supported", "The broker began no transaction.", conditionOf(error?.condition));
}

export class AmqpTransaction implements Transaction {
  readonly #id: Buffer;
  readonly #links: TransactionLinks;
  readonly #onEnd: (transaction: AmqpTransaction) => void;
  readonly #sends = new Set<Promise<void>>();
  /** Those of the messages accepted within. */
  readonly #settlers = new Set<Settler>();
  #state: TransactionState = "open";
  /** What makes a commit impossible. */
  #doom: MessagingError | undefined;
  /** Set when the broker has rolled back by itself, for its transport or its link is gone. */
  #lost: MessagingError | undefined;

  constructor(id: Buffer, links: TransactionLinks, onEnd: (transaction: AmqpTransaction) => void) {
    this.#id = id;
    this.#links = links;
    this.#onEnd = onEnd;
  }

  get state(): TransactionState {
    return this.#state;
  }

  async send(
    destination: Destination,
    message: OutgoingMessage,
    options: Omit<SendOptions, "signal"> = {},
  ): Promise<void> {
    checkDestination("The destination of a send", destination);
    checkNames("The options of a send", options, SEND_OPTIONS);
    checkUsable(destination);
    this.#checkOpen();
    const sent = this.#send(destination, message, options);
    this.#sends.add(sent);
    try {
      await sent;
    } catch (error) {
      this.#doom ??= error as MessagingError;
      throw error;
    } finally {
      this.#sends.delete(sent);
    }
  }

  accept(message: Message): void {
    this.#checkOpen();
    const { coordinator } = this.#links;
    if (message instanceof ReceivedMessage) {
      const settler = message.acceptWithin(this.#id, (delivery) => coordinator.canSettle(delivery));
      if (settler !== undefined) {
        this.#settlers.add(settler);
        return;
      }
    }
    this.#doom ??= new MessagingError(
      "invalid-argument",
      "A message is settled already or did not come over this connection, so that the transaction cannot accept it.",
      { ...(typeof message?.destination?.address === "string" && { destination: message.destination.address }) },
    );
    throw this.#doom;
  }

  async commit(): Promise<void> {
    this.#checkOpen();
    this.#state = "committing";
    await this.#quiet();
    if (this.#lost !== undefined) throw this.#ended("rolled-back", this.#lost);
    if (this.#doom !== undefined) {
      const cause = this.#doom;
      await this.#discharge(true).catch(() => {});
      throw this.#ended("rolled-back", refused(`because it could not hold all its work: ${cause.message}`, { cause }));
    }
    const told = await this.#discharge(false).catch((error: MessagingError) => {
      throw error.mayHaveArrived ? this.#ended("in-doubt", inDoubt(error)) : this.#ended("rolled-back", error);
    });
    if (told.outcome === "accepted") {
      this.#end("committed");
      return;
    }
    const { condition, description } = told.error ?? {};
    const why = `because the broker refused it: ${description ?? condition ?? "it gave no reason"}`;
    throw this.#ended("rolled-back", refused(why, conditionOf(condition)));
  }

  async rollback(): Promise<void> {
    if (this.#state === "rolled-back") return;
    this.#checkOpen();
    this.#state = "rolled-back";
    await this.#quiet();
    try {
      if (this.#lost === undefined) await this.#discharge(true);
      this.#askAgain();
    } catch (error) {
      // With its transport or its link gone, the broker has rolled back by itself.
      if (this.#lost === undefined) throw error;
    } finally {
      this.#onEnd(this);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "open") await this.rollback();
  }

  /** The transport or the coordinator's link is gone, and the broker rolls back what it was not asked to commit. */
  lost(error: MessagingError): void {
    const sentence = `The transaction was rolled back before its commit, nothing of it happened: ${error.message}`;
    this.#lost ??= new MessagingError(error.code, sentence, { cause: error, ...conditionOf(error.condition) });
    if (this.#state === "open") this.#end("rolled-back");
  }

  async #send(destination: Destination, message: OutgoingMessage, options: Omit<SendOptions, "signal">): Promise<void> {
    const durations = startSends();
    const observed = observeSend(destination, message, durations);
    try {
      const bytes = encodeMessage(observed?.message ?? message, destination, options, this.#links.prefixes);
      const relay = await this.#links.relay();
      const { outcome, error } = await relay.send(bytes, this.#id, ANSWER_TIMEOUT_MS).catch(notArrived);
      if (outcome !== "accepted") throw rejectionError(destination.address, error);
      observed?.end(undefined);
    } catch (error) {
      observed?.end(error);
      throw error;
    } finally {
      durations?.record();
    }
  }

  /** Waits until every send has its answer, and every acknowledgement has left: rhea writes them in its next turn. */
  async #quiet(): Promise<void> {
    await Promise.allSettled(this.#sends);
    await new Promise<void>((resolve) => process.nextTick(resolve));
  }

  #discharge(fail: boolean) {
    const { length } = this.#id;
    const head = Buffer.from([0x00, 0x53, 0x32, 0xc0, length + 4, 2, 0xa0, length]);
    const bytes = Buffer.concat([VALUE, head, this.#id, Buffer.from([fail ? 0x41 : 0x42])]);
    return this.#links.coordinator.send(bytes, undefined, ANSWER_TIMEOUT_MS);
  }

  #checkOpen(): void {
    if (this.#state === "open") return;
    if (this.#lost !== undefined && this.#state === "rolled-back") throw this.#lost;
    throw new MessagingError("closed", `The transaction has ended: it is ${this.#state}.`);
  }

  #ended(state: TransactionState, error: MessagingError): MessagingError {
    this.#end(state);
    if (state === "rolled-back") this.#askAgain();
    return error;
  }

  /** ActiveMQ Classic holds what a rollback released until a new message comes, or its consumer drains. */
  #askAgain(): void {
    for (const settler of this.#settlers) settler.ask();
  }

  #end(state: TransactionState): void {
    this.#state = state;
    this.#onEnd(this);
  }
}

/** What was sent within a transaction that is not committed arrives nowhere. */
function notArrived(error: MessagingError): never {
  throw new MessagingError(error.code, error.message, { cause: error, ...conditionOf(error.condition) });
}

function refused(why: string, details: { readonly cause?: unknown; readonly condition?: string }): MessagingError {
  return new MessagingError("rolled-back", `The transaction was rolled back ${why}.`.replace(/\.\.$/, "."), details);
}

function inDoubt(cause: MessagingError): MessagingError {
  const sentence = `Whether the transaction was committed is not known: ${cause.message}`;
  return new MessagingError("in-doubt", sentence, {
    mayHaveArrived: true,
    cause,
    ...conditionOf(cause.condition),
  });
}

function conditionOf(condition: string | undefined): { readonly condition?: string } {
  return condition === undefined ? {} : { condition };
}
