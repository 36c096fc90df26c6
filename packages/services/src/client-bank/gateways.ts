/**
 * What the gateways announce on `gateway-notice`: which payments and refunds are watched, so that nothing is
 * published for nobody, and where several replies may go in one message. Each process of client-bank hears every notice.
 */
import type { Connection, Destination, Message } from "@quittance/sdk";
import type { Logger } from "../platform/log.js";
import type { Envelopes } from "../shared/envelope.js";
import { gatewayNotice, NOTICE_VALID_MS } from "../shared/messages.js";
import { CHANNELS, destinationOf } from "../shared/queue-map.js";

const CREDIT_WINDOW = 100;
/** Above so many, everything counts as watched until fewer are. */
const MAXIMUM_WATCHED = 100_000;
const MAXIMUM_GATEWAYS = 1_000;

export class Gateways {
  readonly #now: () => number;
  readonly #watched: Lasting;
  /** Reply addresses of gateways that send notices, and of those that have sent none. */
  readonly #known: Lasting;
  readonly #unknown: Lasting;

  /** @param now the clock by which notices end, in milliseconds: one that is never set [performance.now]. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#watched = new Lasting(MAXIMUM_WATCHED);
    this.#known = new Lasting(MAXIMUM_GATEWAYS);
    this.#unknown = new Lasting(MAXIMUM_GATEWAYS);
  }

  /** A gateway has said what it watches, and that it reads several replies in one message at `address`. */
  noted(watched: readonly string[], address: string | undefined): void {
    const nowMs = this.#now();
    for (const id of watched) this.#watched.add(id, nowMs);
    if (address === undefined) return;
    this.#known.add(address, nowMs);
    this.#unknown.delete(address);
  }

  /** A message names `replyTo` for its answer: so a gateway runs there, perhaps one that sent us no notice yet. */
  met(replyTo: Destination | undefined): void {
    if (replyTo === undefined) return;
    const nowMs = this.#now();
    if (!this.#known.has(replyTo.address, nowMs)) this.#unknown.add(replyTo.address, nowMs);
  }

  /**
   * Whether somebody may wait for news of a payment. While a gateway is about that sends no notices, because it is of an
   * earlier release or its notice is on its way, that may be so of every payment. Asked after the commit: whoever has read
   * the payment as it was before has been heard by now, or reads it again.
   */
  mayWatch(paymentId: string): boolean {
    const nowMs = this.#now();
    return this.#watched.has(paymentId, nowMs) || this.#unknown.holdsAny(nowMs) || this.#watched.isFull(nowMs);
  }

  /** The same of a refund. A gateway that sends no notices is of a release that watches none. */
  mayWatchRefund(refundId: string): boolean {
    const nowMs = this.#now();
    return this.#watched.has(refundId, nowMs) || this.#watched.isFull(nowMs);
  }

  /** Whether several replies to this address may go in one message. */
  readsSeveral({ address }: Destination): boolean {
    return this.#known.has(address, this.#now());
  }
}

/** Listens to the notices of all gateways, for as long as the connection lasts. */
export async function hearGateways(
  gateways: Gateways,
  {
    connection,
    envelopes,
    log,
  }: { readonly connection: Connection; readonly envelopes: Envelopes; readonly log: Logger },
): Promise<void> {
  await connection.createConsumer(destinationOf(CHANNELS.gatewayNotice), {
    acknowledge: "auto",
    creditWindow: CREDIT_WINDOW,
    onMessage: hear,
  });

  function hear(message: Message): void {
    const problem = envelopes.problemOf("gateway-notice", message);
    if (problem !== undefined) {
      envelopes.countRefused("gateway-notice", problem);
      log.warn({ problem }, "a notice of a gateway is not believed");
      return;
    }
    try {
      gateways.noted(message.json(gatewayNotice).watched, envelopes.replyAddressOf(message)?.address);
    } catch (error) {
      log.warn({ err: error }, "a notice of a gateway could not be read");
    }
  }
}

/** Names, each for {@link NOTICE_VALID_MS} after it was added last. */
class Lasting {
  readonly #maximum: number;
  /** Until when, the earliest first. */
  readonly #untilMs = new Map<string, number>();

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** Whether one more would drive another out, so that one may have been. */
  isFull(nowMs: number): boolean {
    this.#dropEnded(nowMs);
    return this.#untilMs.size >= this.#maximum;
  }

  add(name: string, nowMs: number): void {
    this.#untilMs.delete(name);
    const [oldest] = this.#untilMs.keys();
    if (this.isFull(nowMs) && oldest !== undefined) this.#untilMs.delete(oldest);
    this.#untilMs.set(name, nowMs + NOTICE_VALID_MS);
  }

  delete(name: string): void {
    this.#untilMs.delete(name);
  }

  has(name: string, nowMs: number): boolean {
    return (this.#untilMs.get(name) ?? 0) > nowMs;
  }

  holdsAny(nowMs: number): boolean {
    this.#dropEnded(nowMs);
    return this.#untilMs.size > 0;
  }

  #dropEnded(nowMs: number): void {
    for (const [name, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) return;
      this.#untilMs.delete(name);
    }
  }
}
