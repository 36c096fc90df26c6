/** The transactions of one connection, over the transport that it has at the time. */
import { MessagingError } from "../errors.js";
import type { Transaction, TransactionScope } from "../transaction.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { AmqpTransaction, declare, type TransactionLinks } from "./transaction.js";
import { TransactionLink } from "./transaction-link.js";
import type { Transport } from "./transport.js";

/** Transactions open on one connection at once. */
const MAXIMUM_OPEN = 1_000;

export class Transactions implements ManagedLink {
  readonly #host: LinkHost;
  readonly #open = new Set<AmqpTransaction>();
  #links: LineLinks | undefined;

  constructor(host: LinkHost) {
    this.#host = host;
  }

  /** @throws MessagingError */
  async begin(): Promise<Transaction> {
    const { transport } = this.#host;
    if (transport === undefined) throw this.#host.unavailable(undefined);
    if (this.#open.size >= MAXIMUM_OPEN) {
      throw new MessagingError("window-full", `${MAXIMUM_OPEN} transactions are open on this connection already.`);
    }
    this.#links ??= new LineLinks(transport, this.#host.attachTimeoutMs, (links, error) =>
      this.#detached(links, error),
    );
    const links = this.#links;
    const ready = await links.ready().catch((error: unknown) => {
      if (this.#links === links) this.#links = undefined;
      throw error;
    });
    const transaction = new AmqpTransaction(await declare(ready), ready, (ended) => this.#open.delete(ended));
    this.#open.add(transaction);
    if (this.#links !== links) transaction.lost(this.#host.unavailable(undefined));
    return transaction;
  }

  /** Commits when the work resolves, and rolls back when it rejects. */
  async run<T>(work: (transaction: TransactionScope) => Promise<T>): Promise<T> {
    const transaction = await this.begin();
    let result: T;
    try {
      result = await work(transaction);
    } catch (error) {
      await transaction.rollback().catch((failure: unknown) => {
        const sentence = "The rollback of a transaction was not confirmed; it ends with the connection.";
        this.#host.reporter.warn(sentence, failure);
      });
      throw error;
    }
    await transaction.commit();
    return result;
  }

  /** The next transaction attaches what it needs. */
  async restore(): Promise<void> {}

  lost(error: MessagingError): void {
    const links = this.#links;
    this.#links = undefined;
    for (const transaction of [...this.#open]) transaction.lost(error);
    links?.fail(error);
  }

  end(error: MessagingError | undefined): void {
    this.lost(new MessagingError("closed", "The connection is closed.", { cause: error }));
  }

  #detached(links: LineLinks, error: MessagingError): void {
    if (this.#links === links) this.lost(error);
  }
}

/** The links of one transport, each attached when it is first needed. */
class LineLinks {
  readonly #transport: Transport;
  readonly #attachTimeoutMs: number;
  readonly #onDetached: (links: LineLinks, error: MessagingError) => void;
  readonly #attached = new Set<TransactionLink>();
  #failed: MessagingError | undefined;
  #ready: Promise<TransactionLinks> | undefined;
  #relay: Promise<TransactionLink> | undefined;

  constructor(
    transport: Transport,
    attachTimeoutMs: number,
    onDetached: (links: LineLinks, error: MessagingError) => void,
  ) {
    this.#transport = transport;
    this.#attachTimeoutMs = attachTimeoutMs;
    this.#onDetached = onDetached;
  }

  ready(): Promise<TransactionLinks> {
    const relay = () => {
      this.#relay ??= this.#attach("relay").catch((error: unknown) => {
        this.#relay = undefined;
        throw error;
      });
      return this.#relay;
    };
    this.#ready ??= this.#attach("coordinator").then((coordinator) => ({
      coordinator,
      prefixes: this.#transport.prefixes,
      relay,
    }));
    return this.#ready;
  }

  fail(error: MessagingError): void {
    this.#failed ??= error;
    for (const link of this.#attached) link.fail(error);
  }

  async #attach(target: "coordinator" | "relay"): Promise<TransactionLink> {
    const link = await TransactionLink.attach(this.#transport, {
      target,
      attachTimeoutMs: this.#attachTimeoutMs,
      onDetached: (error) => this.#onDetached(this, error),
    });
    // The transport may be lost between the answer to the attach and this.
    if (this.#failed !== undefined) link.fail(this.#failed);
    this.#attached.add(link);
    return link;
  }
}
