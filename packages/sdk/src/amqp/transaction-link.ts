/** A sending link for transactions: to their coordinator, or to any address for the messages within them. */
import { startDeadline } from "../deadline.js";
import { MessagingError } from "../errors.js";
import type { IncomingDelivery } from "./incoming-deliveries.js";
import { attachSender, type LinkHandle } from "./link-handle.js";
import { senderOptions } from "./link-options.js";
import { abandonDelivery, canSend } from "./rhea-engine.js";
import type { AmqpCondition, RheaDelivery, RheaSender, RheaSession } from "./rhea-types.js";
import { canSettleOn, carryTransactions, targetCoordinator } from "./transaction-engine.js";
import type { Transport } from "./transport.js";

/** Messages whose outcome is not known, on one link. */
const CAPACITY = 4_096;
/** Messages that wait for the broker's credit, on one link. */
const MAXIMUM_WAITING = 10_000;

/** What the broker said of one message. */
export interface Told {
  readonly outcome: string | undefined;
  readonly error: AmqpCondition | undefined;
  /** The id of the transaction that was declared. */
  readonly declared: Buffer | undefined;
}

export interface TransactionLinkOptions {
  readonly target: "coordinator" | "relay";
  readonly attachTimeoutMs: number;
  /** Called when the broker ends the link. */
  readonly onDetached: (error: MessagingError) => void;
}

interface Pending {
  readonly bytes: Buffer;
  readonly transaction: Buffer | undefined;
  readonly resolve: (told: Told) => void;
  readonly reject: (error: MessagingError) => void;
  delivery: RheaDelivery | undefined;
  declared: Buffer | undefined;
  over: boolean;
}

export class TransactionLink {
  readonly #doing: string;
  readonly #sent = new Map<number, Pending>();
  #waiting: Pending[] = [];
  #handle: LinkHandle<RheaSender> | undefined;
  #failed: MessagingError | undefined;
  #lastTag = 0;

  private constructor(doing: string) {
    this.#doing = doing;
  }

  /** @throws MessagingError as the broker refuses it; `not-supported` by a broker without transactions. */
  static async attach(transport: Transport, options: TransactionLinkOptions): Promise<TransactionLink> {
    const coordinates = options.target === "coordinator";
    const doing = coordinates ? "Using the broker's transaction coordinator" : "Sending within a transaction";
    const link = new TransactionLink(doing);
    const handle = await attachSender(transport, {
      doing,
      address: undefined,
      timeoutMs: options.attachTimeoutMs,
      capacity: CAPACITY,
      link: senderOptions(),
      prepare: (session, sender) => {
        if (coordinates) targetCoordinator(session, sender);
        carryTransactions(session, {
          transactionOf: (id) => link.#sent.get(id)?.transaction,
          declared: (id, transaction) => {
            const pending = link.#sent.get(id);
            if (pending !== undefined) pending.declared = transaction;
          },
        });
      },
      onDetached: (error) => {
        link.fail(error);
        options.onDetached(error);
      },
    });
    link.#use(handle);
    return link;
  }

  /** Whether a received message can be settled on the connection of this link. */
  canSettle(delivery: IncomingDelivery): boolean {
    const { session } = this.#handle as { readonly session: RheaSession };
    return this.#failed === undefined && canSettleOn(session, delivery);
  }

  /**
   * Resolves with what the broker says of the message.
   * @throws MessagingError `timed-out`, `window-full`, or with what ended the link, `mayHaveArrived` once it was sent.
   */
  send(bytes: Buffer, transaction: Buffer | undefined, timeoutMs: number): Promise<Told> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    if (this.#waiting.length >= MAXIMUM_WAITING) {
      const sentence = `${this.#doing}: ${MAXIMUM_WAITING} messages wait already; send more slowly.`;
      return Promise.reject(new MessagingError("window-full", sentence));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Told>();
    const pending: Pending = {
      bytes,
      transaction,
      resolve,
      reject,
      delivery: undefined,
      declared: undefined,
      over: false,
    };
    const inTime = startDeadline(timeoutMs, () => this.#timedOut(pending, timeoutMs));
    this.#waiting.push(pending);
    this.#pump();
    return promise.finally(inTime);
  }

  /** Ends it for all that wait. */
  fail(error: MessagingError): void {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    const all = [...this.#sent.values(), ...this.#waiting];
    this.#sent.clear();
    this.#waiting = [];
    for (const pending of all) if (!pending.over) pending.reject(this.#lostWith(error, pending));
    // While the transport lives, the broker ends what belongs to the link when that is closed.
    void this.#handle?.close();
  }

  #lostWith(error: MessagingError, { delivery }: Pending): MessagingError {
    return new MessagingError(error.code, `${this.#doing} was cut short: ${error.message}`, {
      mayHaveArrived: delivery !== undefined,
      cause: error,
      ...(error.condition !== undefined && { condition: error.condition }),
    });
  }

  #use(handle: LinkHandle<RheaSender>): void {
    this.#handle = handle;
    const { link } = handle;
    link.on("settled", ({ delivery }: { delivery: RheaDelivery }) => this.#settled(delivery));
    link.on("sendable", () => this.#pump());
    // Heard here, so that rhea does not carry them up to its container.
    for (const outcome of ["accepted", "rejected", "released", "modified"]) link.on(outcome, () => {});
  }

  #pump(): void {
    const handle = this.#handle;
    if (handle === undefined || !handle.open) return;
    let sent = 0;
    for (const pending of this.#waiting) {
      if (!pending.over) {
        if (!canSend(handle.session, handle.link)) break;
        const tag = Buffer.allocUnsafe(4);
        tag.writeUInt32BE(this.#lastTag++ >>> 0);
        pending.delivery = handle.link.send(pending.bytes, tag, 0);
        this.#sent.set(pending.delivery.id, pending);
      }
      sent++;
    }
    if (sent > 0) this.#waiting.splice(0, sent);
  }

  #settled({ id, remote_state: state }: RheaDelivery): void {
    const pending = this.#sent.get(id);
    if (pending === undefined) return;
    this.#sent.delete(id);
    const { declared, resolve } = pending;
    resolve({ outcome: state?.constructor.composite_type, error: state?.error ?? undefined, declared });
    this.#pump();
  }

  #timedOut(pending: Pending, timeoutMs: number): void {
    const { delivery } = pending;
    pending.over = true;
    if (delivery !== undefined) {
      this.#sent.delete(delivery.id);
      abandonDelivery(delivery);
    }
    const sentence = `${this.#doing} was not answered within ${timeoutMs} ms.`;
    pending.reject(new MessagingError("timed-out", sentence, { mayHaveArrived: delivery !== undefined }));
  }
}
