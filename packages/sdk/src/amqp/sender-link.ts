/** A producer's link over all its lives: attached, in back-off after a failure, and attached again. */

import { backOffDelayMs } from "../back-off.js";
import type { Destination } from "../destination.js";
import type { MessagingError } from "../errors.js";
import type { Stall } from "../producer.js";
import { attachSender } from "./link-handle.js";
import type { LinkHost } from "./link-host.js";
import { senderOptions } from "./link-options.js";
import type { OutgoingDeliveries } from "./outgoing-deliveries.js";
import { sendDirectly } from "./rhea-engine.js";
import type { PendingSend } from "./send-queue.js";
import { complete, SenderAttachment } from "./sender-attachment.js";
import type { Transport } from "./transport.js";

const MINIMUM_CAPACITY = 2_048;

export interface SenderEvents {
  /** There may be room for more sends, or nothing is in flight any more. */
  sendable(): void;
  /** What waits cannot be sent. */
  failed(error: MessagingError): void;
}

type State =
  | { readonly name: "detached" }
  | { readonly name: "attaching"; readonly transport: Transport; readonly done: Promise<void> }
  | { readonly name: "attached"; readonly attachment: SenderAttachment }
  | { readonly name: "failed"; readonly error: MessagingError; readonly attempt: number; readonly retryAt: number };

export class SenderLink {
  readonly #host: LinkHost;
  readonly #destination: Destination | undefined;
  readonly #maximumInFlight: number;
  readonly #events: SenderEvents;
  #state: State = { name: "detached" };

  constructor(host: LinkHost, destination: Destination | undefined, maximumInFlight: number, events: SenderEvents) {
    this.#host = host;
    this.#destination = destination;
    this.#maximumInFlight = maximumInFlight;
    this.#events = events;
  }

  get inFlight(): number {
    return this.#state.name === "attached" ? this.#state.attachment.pending.size : 0;
  }

  /** Whether a send that is handed over now leaves in this turn. */
  get sendable(): boolean {
    if (this.#state.name !== "attached") return false;
    const { attachment } = this.#state;
    return attachment.pending.size < this.#maximumInFlight && attachment.sendable;
  }

  /** Why nothing gets through, and since when, at `now` on the clock of `performance.now()`. */
  stall(now: number): Omit<Stall, "address"> | undefined {
    if (this.#state.name !== "attached") return undefined;
    const { attachment } = this.#state;
    // Credit that is taken back while nothing is sent is found out here.
    if (!attachment.sendable) attachment.starvedSince ??= now;
    if (attachment.starvedSince !== undefined) return { reason: "no-credit", ageMs: now - attachment.starvedSince };
    const since = attachment.unansweredSince;
    return since === undefined ? undefined : { reason: "unconfirmed", ageMs: now - since };
  }

  /** Hands a send to rhea when link, credit and window allow. */
  trySend(send: PendingSend): boolean {
    if (this.#state.name !== "attached") return false;
    const { attachment } = this.#state;
    if (attachment.pending.size >= this.#maximumInFlight) return false;
    return attachment.trySend(send);
  }

  /** Attaches, unless that is under way or was tried just now and failed. */
  attachIfNeeded(): void {
    const { transport } = this.#host;
    const state = this.#state;
    if (transport === undefined || state.name === "attached" || state.name === "attaching") return;
    if (state.name === "failed" && performance.now() < state.retryAt) {
      this.#events.failed(state.error);
      return;
    }
    // The failure is told to the sends that wait.
    this.#attach(transport).catch(() => {});
  }

  restore(transport: Transport): Promise<void> {
    return this.#state.name === "attaching" && this.#state.transport === transport
      ? this.#state.done
      : this.#attach(transport);
  }

  /** The transport is gone: what is in flight has an unknown fate. */
  lost(error: MessagingError): void {
    const state = this.#state;
    this.#state = { name: "detached" };
    if (state.name === "attached") state.attachment.fail(error);
  }

  async close(error: MessagingError): Promise<void> {
    const state = this.#state;
    this.#state = { name: "detached" };
    if (state.name === "attaching") await state.done.catch(() => {});
    if (state.name !== "attached") return;
    state.attachment.fail(error);
    await state.attachment.handle.close();
  }

  /** Ends the wait for sends whose time has passed. They are in the order of their deadlines. */
  expire(now: number, errorOf: (send: PendingSend) => MessagingError): void {
    if (this.#state.name !== "attached") return;
    const { attachment } = this.#state;
    const { pending } = attachment;
    for (const [id, send] of pending) {
      if (send.deadline > now) break;
      pending.delete(id);
      attachment.timedOutSince ??= send.begun;
      // The late outcome finds nothing of it: ids are not used again within an attachment.
      complete(send, errorOf(send));
    }
  }

  #attach(transport: Transport): Promise<void> {
    const attempt = this.#state.name === "failed" ? this.#state.attempt + 1 : 1;
    const done = this.#open(transport).then(
      (attachment) => {
        if (this.#state.name !== "attaching" || this.#state.transport !== transport) {
          void attachment.handle.close();
          throw this.#host.unavailable(this.#destination?.address);
        }
        this.#state = { name: "attached", attachment };
        this.#events.sendable();
      },
      (error: MessagingError) => {
        if (this.#state.name === "attaching" && this.#state.transport === transport) {
          const retryAt = performance.now() + backOffDelayMs(this.#host.backOff, attempt);
          this.#state = { name: "failed", error, attempt, retryAt };
          this.#events.failed(error);
        }
        throw error;
      },
    );
    this.#state = { name: "attaching", transport, done };
    return done;
  }

  async #open(transport: Transport): Promise<SenderAttachment> {
    const destination = this.#destination;
    const address = destination?.address;
    let attachment: SenderAttachment | undefined;
    let deliveries: OutgoingDeliveries | undefined;
    // A broker may end the link in the same packet that opens it.
    let early: MessagingError | undefined;
    const handle = await attachSender(transport, {
      doing: `Attaching a producer to ${address ?? "the anonymous relay"}`,
      address,
      timeoutMs: this.#host.attachTimeoutMs,
      capacity: Math.max(MINIMUM_CAPACITY, this.#maximumInFlight * 2),
      link: senderOptions(destination && { destination, prefixes: transport.prefixes }),
      prepare: (session) => {
        deliveries = sendDirectly(session);
      },
      onDetached: (error) => {
        if (attachment === undefined) early = error;
        else this.#detached(attachment, error);
      },
    });
    if (early !== undefined) throw early;
    attachment = new SenderAttachment(handle, deliveries as OutgoingDeliveries, () => this.#events.sendable());
    return attachment;
  }

  /** The broker ended the link while the connection lives: the next send attaches it again. */
  #detached(attachment: SenderAttachment, error: MessagingError): void {
    if (this.#state.name !== "attached" || this.#state.attachment !== attachment) return;
    this.#state = { name: "failed", error, attempt: 0, retryAt: 0 };
    attachment.fail(error);
    this.#events.failed(error);
  }
}
