/**
 * Changes of payments and refunds, as client-bank tells them on `payment-update`: one subscription for all open watches.
 * client-bank publishes changes of what a notice of this gateway names, and of nothing else.
 */
import type { Connection, Consumer, Message } from "@quittance/sdk";
import type { Logger } from "../platform/log.js";
import type { Envelopes } from "../shared/envelope.js";
import { type PaymentView, paymentUpdateMessage } from "../shared/messages.js";
import { CHANNELS, destinationOf } from "../shared/queue-map.js";
import { type RefundView, refundUpdateMessage } from "../shared/refund-messages.js";
import type { GatewayNotices } from "./gateway-notices.js";

type Listener = (view: never) => void;

const CREDIT_WINDOW = 1_000;

export class Updates {
  readonly #connection: Connection;
  readonly #envelopes: Envelopes;
  readonly #notices: GatewayNotices;
  readonly #log: Logger;
  /** By the ids of payments and refunds, which are never the same. */
  readonly #listeners = new Map<string, Set<Listener>>();
  #consumer: Consumer | undefined;
  /** Opening and closing the consumer, one after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(parts: {
    readonly connection: Connection;
    readonly envelopes: Envelopes;
    readonly notices: GatewayNotices;
    readonly log: Logger;
  }) {
    this.#connection = parts.connection;
    this.#envelopes = parts.envelopes;
    this.#notices = parts.notices;
    this.#log = parts.log;
  }

  /**
   * Calls `listener` at each change of one payment. When it resolves the subscription is there and the broker has passed
   * the notice on. A process of client-bank that has not read the notice yet reports nothing; nor does one that starts,
   * until the next notice. Whoever must miss no change reads the payment again.
   * @returns what ends it.
   * @throws MessagingError when the broker cannot be subscribed to.
   */
  ofPayment(paymentId: string, listener: (payment: PaymentView) => void): Promise<() => void> {
    return this.#listen(paymentId, listener);
  }

  /** The same as {@link ofPayment} of a refund. */
  ofRefund(refundId: string, listener: (refund: RefundView) => void): Promise<() => void> {
    return this.#listen(refundId, listener);
  }

  async #listen(id: string, listener: Listener): Promise<() => void> {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    const stop = () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) {
        this.#listeners.delete(id);
        this.#notices.forget(id);
      }
      this.#adjust().catch((error: unknown) => this.#log.warn({ err: error }, "payment-update could not be left"));
    };
    try {
      await this.#adjust();
      await this.#notices.watch(id);
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  /** Opens the consumer when somebody listens, and closes it when nobody does. */
  #adjust(): Promise<void> {
    const next = this.#work.then(async () => {
      if (this.#listeners.size > 0) {
        this.#consumer ??= await this.#connection.createConsumer(destinationOf(CHANNELS.paymentUpdate), {
          acknowledge: "auto",
          creditWindow: CREDIT_WINDOW,
          onMessage: (message) => this.#deliver(message),
        });
      } else if (this.#consumer !== undefined) {
        const consumer = this.#consumer;
        this.#consumer = undefined;
        await consumer.close();
      }
    });
    this.#work = next.catch(() => undefined);
    return next;
  }

  #deliver(message: Message): void {
    const { payment, refund } = message.properties;
    // Other gateways have watches too: the property spares parsing what is for them.
    const id = String(refund ?? payment);
    const listeners = this.#listeners.get(id);
    if (listeners === undefined) return;
    const kind = refund === undefined ? "payment-update" : "refund-update";
    const problem = this.#envelopes.problemOf(kind, message);
    if (problem !== undefined) {
      this.#envelopes.countRefused(kind, problem);
      this.#log.warn({ problem, payment, refund }, "an update is not believed");
      return;
    }
    try {
      const view =
        kind === "payment-update"
          ? message.json(paymentUpdateMessage).payment
          : message.json(refundUpdateMessage).refund;
      // The property is not signed: what counts is whose update it is.
      if (view.id !== id) return;
      for (const listener of [...listeners]) listener(view as never);
    } catch (error) {
      this.#log.warn({ err: error }, "an update could not be read");
    }
  }
}
