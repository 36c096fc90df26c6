/**
 * Changes of payments, as client-bank tells them on `payment-update`: one subscription for all open watches. client-bank
 * tells of payments that a notice of this gateway's names, and of no other.
 */
import type { Connection, Consumer, Message } from "@quittance/sdk";
import type { Logger } from "../platform/log.js";
import type { Envelopes } from "../shared/envelope.js";
import { type PaymentView, paymentUpdateMessage } from "../shared/messages.js";
import { CHANNELS, destinationOf } from "../shared/queue-map.js";
import type { GatewayNotices } from "./gateway-notices.js";

type Listener = (payment: PaymentView) => void;

const CREDIT_WINDOW = 1_000;

export class PaymentUpdates {
  readonly #connection: Connection;
  readonly #envelopes: Envelopes;
  readonly #notices: GatewayNotices;
  readonly #log: Logger;
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
   * the notice on. A process of client-bank that has not read the notice yet tells of nothing: so does one that starts,
   * until the next notice. Whoever must miss no change reads the payment again.
   * @returns what ends it.
   * @throws MessagingError when the broker cannot be subscribed to.
   */
  async listen(paymentId: string, listener: Listener): Promise<() => void> {
    const listeners = this.#listeners.get(paymentId) ?? new Set();
    this.#listeners.set(paymentId, listeners.add(listener));
    const stop = () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(paymentId) === listeners) {
        this.#listeners.delete(paymentId);
        this.#notices.forget(paymentId);
      }
      this.#adjust().catch((error: unknown) => this.#log.warn({ err: error }, "payment-update could not be left"));
    };
    try {
      await this.#adjust();
      await this.#notices.watch(paymentId);
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
    // Most changes are of payments that nobody watches: the property spares parsing them.
    const listeners = this.#listeners.get(String(message.properties.payment));
    if (listeners === undefined) return;
    const problem = this.#envelopes.problemOf("payment-update", message);
    if (problem !== undefined) {
      this.#envelopes.countRefused("payment-update", problem);
      this.#log.warn({ problem, payment: message.properties.payment }, "an update of a payment is not believed");
      return;
    }
    try {
      const { payment } = message.json(paymentUpdateMessage);
      // The property is not signed: what counts is whose update it is.
      if (payment.id !== message.properties.payment) return;
      for (const listener of [...listeners]) listener(payment);
    } catch (error) {
      this.#log.warn({ err: error }, "an update of a payment could not be read");
    }
  }
}
