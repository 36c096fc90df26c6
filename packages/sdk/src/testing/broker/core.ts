/** The broker behind the AMQP front: who may connect, and everything that connections share. */
import { type Backend, type BackendConnection, type Peer, Refusal } from "../../amqp/server/backend.js";
import type { SaslMechanism } from "../../connection.js";
import { MessagingError } from "../../errors.js";
import type { QueueFigures } from "../broker-options.js";
import { AddressBook, splitName } from "./address-book.js";
import { Client } from "./client.js";
import { Faults } from "./faults.js";
import { ALL_RIGHTS, isSecret, rightsOf } from "./rights.js";
import type { BrokerSettings } from "./settings.js";

export class BrokerCore implements Backend {
  readonly allowsAnonymous: boolean;
  readonly faults = new Faults();
  readonly #settings: BrokerSettings;
  #book: AddressBook;
  readonly #clients = new Set<Client>();

  constructor(settings: BrokerSettings) {
    this.#settings = settings;
    this.#book = new AddressBook(settings);
    this.allowsAnonymous = settings.users === undefined;
  }

  get saslMechanisms(): readonly SaslMechanism[] {
    return this.#settings.saslMechanisms;
  }

  get takesTokens(): boolean {
    return [...(this.#settings.users?.values() ?? [])].some(({ token }) => token !== undefined);
  }

  passwordOf(name: string): string | undefined {
    return this.#settings.users?.get(name)?.password;
  }

  hasToken(name: string, token: string): boolean {
    return isSecret(this.#settings.users?.get(name)?.token, token);
  }

  authenticate(name: string, password: string): boolean {
    const { users } = this.#settings;
    if (users === undefined) return true;
    const user = users.get(name);
    return isSecret(user?.password, password);
  }

  userOfCertificate(commonName: string): string | undefined {
    const { users } = this.#settings;
    if (users === undefined) return commonName;
    for (const { name, certificate } of users.values()) if (certificate === commonName) return name;
    return undefined;
  }

  connect(peer: Peer): BackendConnection {
    if (peer.soleContainer && this.#isTaken(peer.containerId)) {
      const description = `The container ${peer.containerId} is connected already, and only one may be.`;
      throw new Refusal("amqp:invalid-field", description, { "invalid-field": "container-id" });
    }
    const { users, autoCreate } = this.#settings;
    const user = users?.get(peer.user ?? "");
    if (users !== undefined && user === undefined) {
      throw new Refusal("amqp:unauthorized-access", "Log in with a user and a password, or by a certificate.");
    }
    const rights = user === undefined ? ALL_RIGHTS : rightsOf(user, autoCreate);
    const client = new Client({ book: this.#book, faults: this.faults }, peer, rights, (gone) =>
      this.#clients.delete(gone),
    );
    this.#clients.add(client);
    return client;
  }

  /** As Artemis: only those who want to be alone are in each other's way. */
  #isTaken(containerId: string): boolean {
    for (const client of this.#clients) if (client.soleContainer && client.containerId === containerId) return true;
    return false;
  }

  messageCount(name: string): number {
    const parts = splitName(name);
    const address = this.#book.find(parts.address);
    if (address === undefined) return 0;
    if (parts.queue !== undefined) return address.queueNamed(parts.queue)?.messageCount ?? 0;
    if (address.queue === undefined) {
      const sentence = `${name} is a topic: ask for one of its subscriptions, as "${name}::subscription".`;
      throw new MessagingError("invalid-argument", sentence);
    }
    return address.queue.messageCount;
  }

  queues(): QueueFigures[] {
    const now = Date.now();
    return this.#book.all().flatMap(({ name: address, queues }) =>
      queues.map((queue) => ({
        address,
        queue: queue.name,
        messages: queue.messageCount,
        consumers: queue.consumerCount,
        oldestAgeMs: queue.oldestAgeMs(now),
      })),
    );
  }

  /** The connections are gone: leaves what a broker finds that was killed, with its disk or with an empty one. */
  crash(keepMessages: boolean): void {
    if (keepMessages) {
      this.#book.dropNonDurable();
      return;
    }
    this.#book.close();
    this.#book = new AddressBook(this.#settings);
  }

  close(): void {
    this.faults.close();
    this.#book.close();
  }
}
