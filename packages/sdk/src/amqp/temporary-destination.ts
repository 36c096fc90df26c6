import { backOffDelayMs } from "../back-off.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import { attachSender, type LinkHandle } from "./link-handle.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { temporaryOptions } from "./rhea-engine.js";
import type { RheaSender } from "./rhea-types.js";
import type { Transport } from "./transport.js";

/**
 * Temporary destinations are for as long as they exist, and for the consumers of the connection that made them alone
 * (JMS 3.1, 6.2.2).
 * @throws MessagingError `not-found` for one that was deleted.
 */
export function checkUsable(destination: Destination): void {
  if (destination instanceof AmqpTemporaryDestination) destination.checkUsable();
}

type TemporaryKind = "temporary-queue" | "temporary-topic";

/**
 * A queue or topic that the broker makes for a sending link with a dynamic target and drops with it. (A dynamic source
 * would always be a queue: only a target can become a topic.)
 */
export class AmqpTemporaryDestination<Kind extends TemporaryKind = TemporaryKind> implements Destination, ManagedLink {
  readonly kind: Kind;
  readonly #host: LinkHost;
  readonly #hasConsumer: (temporary: AmqpTemporaryDestination) => boolean;
  readonly #onDelete: (deleted: AmqpTemporaryDestination) => void;
  #handle: LinkHandle<RheaSender> | undefined;
  #address = "";
  /** There will be no more of it: it was deleted, or its connection is over. */
  #ended = false;
  #deleted = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;

  /** @param uses whether it has a consumer, and who is notified of its deletion */
  constructor(
    kind: Kind,
    host: LinkHost,
    uses: {
      readonly hasConsumer: (temporary: AmqpTemporaryDestination) => boolean;
      readonly onDelete: (deleted: AmqpTemporaryDestination) => void;
    },
  ) {
    this.kind = kind;
    this.#host = host;
    this.#hasConsumer = uses.hasConsumer;
    this.#onDelete = uses.onDelete;
  }

  /** Whether it belongs to the connection. */
  isOf(host: LinkHost): boolean {
    return host === this.#host;
  }

  /** @throws MessagingError `not-found` once the application has deleted it. */
  checkUsable(): void {
    if (!this.#deleted) return;
    throw new MessagingError("not-found", `The ${this.#name} was deleted.`, { destination: this.#address });
  }

  get #name(): string {
    return this.kind.replace("-", " ");
  }

  get address(): string {
    return this.#address;
  }

  async attach(transport: Transport): Promise<void> {
    let own: LinkHandle<RheaSender> | undefined;
    const handle = await attachSender(transport, {
      doing: `Making a ${this.#name}`,
      address: undefined,
      timeoutMs: this.#host.attachTimeoutMs,
      capacity: 1,
      link: temporaryOptions(this.kind),
      onDetached: (error) => this.#detached(own, error),
    });
    own = handle;
    const address = handle.link.target?.address;
    if (typeof address !== "string" || address === "") {
      void handle.close();
      throw new MessagingError("not-supported", `The broker gave a ${this.#name} no address.`);
    }
    if (this.#ended) return handle.close();
    this.#handle = handle;
    this.#address = address;
    this.#failures = 0;
  }

  async restore(transport: Transport): Promise<void> {
    try {
      await this.attach(transport);
    } catch (error) {
      if (transport.lost === undefined) this.#tryLater(error);
    }
  }

  lost(): void {
    clearTimeout(this.#retry);
    this.#handle = undefined;
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#retry);
  }

  async delete(): Promise<void> {
    if (this.#ended) return;
    if (this.#hasConsumer(this as AmqpTemporaryDestination)) {
      const sentence = `The ${this.#name} has a consumer, and cannot be deleted before that is closed.`;
      throw new MessagingError("invalid-argument", sentence, { destination: this.#address });
    }
    this.#deleted = true;
    this.end();
    this.#onDelete(this);
    await this.#handle?.close();
  }

  #detached(handle: LinkHandle<RheaSender> | undefined, error: MessagingError): void {
    if (handle === this.#handle) this.#tryLater(error);
  }

  /** Somebody deleted it at the broker: a new one takes its place, as after a reconnection. */
  #tryLater(error: unknown): void {
    if (this.#ended) return;
    this.#handle = undefined;
    this.#failures++;
    this.#host.reporter.warn(`A ${this.#name} was lost and is made again.`, error);
    this.#retry = setTimeout(
      () => {
        const { transport } = this.#host;
        if (transport !== undefined) void this.restore(transport);
      },
      backOffDelayMs(this.#host.backOff, this.#failures),
    );
  }
}
