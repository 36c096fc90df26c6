/**
 * What this gateway tells every process of client-bank of itself: which payments it watches, so that no others are
 * published, and that it reads several replies in one message. Said again every {@link NOTICE_EVERY_MS}, for notices are
 * volatile and a client-bank may start at any time.
 */
import type { Connection, Destination, OutgoingMessage, Producer } from "@quittance/sdk";
import type { Logger } from "../platform/log.js";
import type { Envelopes } from "../shared/envelope.js";
import { type GatewayNotice, MESSAGE_VERSION, NOTICE_EVERY_MS, WATCHED_IN_A_MESSAGE } from "../shared/messages.js";
import { CHANNELS, destinationOf } from "../shared/queue-map.js";

interface NoticeParts {
  readonly connection: Connection;
  readonly envelopes: Envelopes;
  /** Where replies are read. The notice names its address of the moment: it has another one after a reconnection. */
  readonly replyQueue: Destination;
  readonly log: Logger;
}

export class GatewayNotices {
  readonly #parts: NoticeParts;
  readonly #producer: Producer;
  readonly #watched = new Set<string>();
  readonly #repeating: NodeJS.Timeout;
  readonly #stopHearing: () => void;

  private constructor(parts: NoticeParts, producer: Producer) {
    this.#parts = parts;
    this.#producer = producer;
    // A gateway that does not get as far as its doors ends, whatever it has begun to tell.
    this.#repeating = setInterval(() => this.#tellAll(), NOTICE_EVERY_MS).unref();
    this.#stopHearing = parts.connection.onState((state) => state.name === "open" && this.#tellAll());
    this.#tellAll();
  }

  /** Begins to tell. @throws MessagingError when the broker does not take notices. */
  static async open(parts: NoticeParts): Promise<GatewayNotices> {
    const { priority, deliveryMode } = CHANNELS.gatewayNotice;
    const destination = destinationOf(CHANNELS.gatewayNotice);
    return new GatewayNotices(parts, await parts.connection.createProducer(destination, { priority, deliveryMode }));
  }

  /** Announces that a payment is watched from now on. Resolves when the broker has passed it on. @throws MessagingError */
  async watch(paymentId: string): Promise<void> {
    this.#watched.add(paymentId);
    await this.#producer.send(this.#notice([paymentId]));
  }

  /** The payment is watched no more: the next notices leave it out. */
  forget(paymentId: string): void {
    this.#watched.delete(paymentId);
  }

  async close(): Promise<void> {
    clearInterval(this.#repeating);
    this.#stopHearing();
    await this.#producer.close();
  }

  #tellAll(): void {
    const watched = [...this.#watched];
    let from = 0;
    try {
      do {
        this.#producer.sendUnconfirmed(this.#notice(watched.slice(from, from + WATCHED_IN_A_MESSAGE)));
        from += WATCHED_IN_A_MESSAGE;
      } while (from < watched.length);
    } catch (error) {
      this.#parts.log.warn({ err: error }, "client-bank was not told what is watched; it is told again");
    }
  }

  #notice(watched: readonly string[]): OutgoingMessage {
    const { envelopes, replyQueue } = this.#parts;
    const notice: GatewayNotice = { version: MESSAGE_VERSION, watched: [...watched] };
    return envelopes.message("gateway-notice", notice, { replyTo: replyQueue });
  }
}
