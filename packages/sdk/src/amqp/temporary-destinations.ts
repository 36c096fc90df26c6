/** The temporary destinations of one connection, which alone consumes from them (JMS 3.1, 6.2.2). */
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import { attachListed } from "./attach-listed.js";
import type { LinkHost, ManagedLink } from "./link-host.js";
import { AmqpTemporaryDestination, checkUsable } from "./temporary-destination.js";
import type { Transport } from "./transport.js";

export class TemporaryDestinations {
  readonly #host: LinkHost;
  readonly #hasConsumer: (destination: Destination) => boolean;
  readonly #all = new Set<AmqpTemporaryDestination>();

  /** @param hasConsumer whether the connection has a consumer of one of them */
  constructor(host: LinkHost, hasConsumer: (destination: Destination) => boolean) {
    this.#host = host;
    this.#hasConsumer = hasConsumer;
  }

  /** @throws MessagingError */
  async make<Kind extends "temporary-queue" | "temporary-topic">(kind: Kind, transport: Transport) {
    const made = new AmqpTemporaryDestination(kind, this.#host, {
      hasConsumer: ({ address }) => this.#hasConsumer({ kind, address }),
      onDelete: (deleted) => this.#all.delete(deleted),
    });
    await attachListed(made as AmqpTemporaryDestination, this.#all, made.attach(transport));
    return made;
  }

  async restore(transport: Transport): Promise<void> {
    await Promise.all([...this.#all].map((temporary) => temporary.restore(transport)));
  }

  /** @throws MessagingError for a temporary destination that was deleted, or that another connection made. */
  checkConsumable(destination: Destination): void {
    if (!destination.kind.startsWith("temporary-")) return;
    checkUsable(destination);
    const { kind, address } = destination;
    if (destination instanceof AmqpTemporaryDestination && destination.isOf(this.#host)) return;
    for (const own of this.#all) if (own.kind === kind && own.address === address) return;
    const sentence = "Only the connection that made a temporary destination consumes from it.";
    throw new MessagingError("invalid-argument", sentence, { destination: address });
  }

  *links(): Iterable<ManagedLink> {
    yield* this.#all;
  }
}
