/** One session of a peer: its links by handle, with rhea's ways of naming and removing links put right. */

import type { DispositionFields, TransferFields } from "../decode-frames.js";
import { isCoordinator } from "./attach-request.js";
import type { BackendConnection, Condition, Ending } from "./backend.js";
import { Refusal } from "./backend.js";
import { ConsumerLink } from "./consumer-link.js";
import { ProducerLink } from "./producer-link.js";
import type { RheaAttach, RheaFrame, RheaLink, RheaSession } from "./rhea-server.js";
import { IncomingTransfers, OutgoingTransfers } from "./session-transfers.js";
import type { Transactions } from "./transaction.js";

/** Links in one session at once. */
const MAXIMUM_LINKS = 4_096;

export interface ServerSessionHost {
  readonly backend: BackendConnection;
  readonly maximumMessageBytes: number;
  /** The largest frame that the peer takes. */
  readonly maximumFrameBytes: number;
  /** Those of all sessions of the connection. */
  readonly transactions: Transactions;
  isWritable(): boolean;
  write(bytes: Buffer): void;
  /** The session has dispositions to be flushed when all that was read is acted on. */
  dirty(session: ServerSession): void;
}

export class ServerSession {
  readonly #session: RheaSession;
  readonly #host: ServerSessionHost;
  readonly #incoming: IncomingTransfers;
  readonly #outgoing: OutgoingTransfers;
  readonly #producers = new Map<RheaLink, ProducerLink>();
  readonly #consumers = new Map<RheaLink, ConsumerLink>();
  readonly #keys = new Map<RheaLink, string>();
  #lastKey = 0;

  constructor(session: RheaSession, host: ServerSessionHost) {
    this.#session = session;
    this.#host = host;
    const events = {
      write: (bytes: Buffer) => host.write(bytes),
      transferred: (link: RheaLink, transfer: TransferFields) => this.#producers.get(link)?.transferred(transfer),
      roomier: () => this.wake(),
      transaction: (id: Buffer) => host.transactions.get(id),
    };
    this.#incoming = new IncomingTransfers(session, events);
    this.#outgoing = new OutgoingTransfers(session, host.maximumFrameBytes, events);
    session.incoming = this.#incoming;
    session.outgoing = this.#outgoing;
    session.on_attach = (frame) => this.#attached(frame);
    session.remove_link = (link) => this.#removed(link);
  }

  transfer(fields: TransferFields): void {
    this.#incoming.transfer(fields);
    this.#host.dirty(this);
  }

  disposition(fields: DispositionFields): void {
    // The word of a sender on its own messages: they were settled when they came.
    if (!fields.fromReceiver) return;
    this.#outgoing.dispose(fields);
  }

  flush(): void {
    this.#incoming.flush();
  }

  /** There may be room on the connection again. */
  wake(): void {
    for (const consumer of this.#consumers.values()) consumer.wake();
  }

  /** The peer detached a link. */
  detached(link: RheaLink): void {
    const closed = link.remote.detach?.closed === true;
    this.#end(link, closed ? "closed" : "detached");
    if (closed) return;
    // rhea would answer a detach with a close. The link goes once the answer is written, two turns from here.
    link.detach();
    process.nextTick(() => process.nextTick(() => process.nextTick(() => link.remove())));
  }

  close(): void {
    for (const link of [...this.#consumers.keys(), ...this.#producers.keys()]) this.#end(link, "lost");
  }

  #end(link: RheaLink, ending: Ending): void {
    this.#consumers.get(link)?.close(ending);
    this.#producers.get(link)?.close(ending);
    this.#consumers.delete(link);
    this.#producers.delete(link);
  }

  /**
   * rhea finds links by name alone, so that a sender and a receiver of one name, or a link that comes again before
   * rhea has removed its forerunner, are taken for one (fault 11).
   */
  #attached(frame: RheaFrame<RheaAttach>): void {
    const session = this.#session;
    const { performative } = frame;
    if (this.#keys.size >= MAXIMUM_LINKS) throw new Error(`more than ${MAXIMUM_LINKS} links in a session`);
    const coordinator = isCoordinator(performative);
    if (coordinator) performative.target = undefined;
    const { name, role, handle } = performative;
    const link = role ? session.create_sender(name) : session.create_receiver(name);
    delete session.links[name];
    const key = `#${this.#lastKey++}`;
    session.links[key] = link;
    this.#keys.set(link, key);
    session.remote.handles[handle] = link;
    link.remote.handle = handle;
    link.on_attach(frame);
    this.#open(link, performative, coordinator);
  }

  #open(link: RheaLink, attach: RheaAttach, coordinator: boolean): void {
    const { backend, maximumMessageBytes, isWritable, transactions } = this.#host;
    try {
      if (link.is_receiver()) {
        const host = { backend, maximumMessageBytes, transactions, transfers: this.#incoming };
        this.#producers.set(link, new ProducerLink(link, attach, host, coordinator));
      } else {
        const host = { backend, isWritable, transfers: this.#outgoing };
        this.#consumers.set(link, new ConsumerLink(link, attach, host));
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refuse(link, error);
    }
  }

  /** An attach without the terminus, and a detach that says why (AMQP 1.0, 2.6.3). */
  #refuse(link: RheaLink, { condition, description }: Condition): void {
    link.local.attach.source = undefined;
    link.local.attach.target = undefined;
    link.close({ condition, description });
  }

  #removed(link: RheaLink): void {
    const { local, remote, links } = this.#session;
    const { handle } = link.remote;
    // A handle may have been taken over by another link already.
    if (handle !== undefined && remote.handles[handle] === link) delete remote.handles[handle];
    if (local.handles[link.local.handle] === link) delete local.handles[link.local.handle];
    const key = this.#keys.get(link);
    if (key !== undefined) delete links[key];
    this.#keys.delete(link);
  }
}
