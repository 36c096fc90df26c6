/** The client: what a merchant's systems can ask of Quittance. */
import { Events } from "./events.js";
import { type ClientOptions, HttpCalls } from "./http-calls.js";
import { Payments } from "./payments.js";
import { Refunds } from "./refunds.js";

/**
 * ```ts
 * const client = new QuittanceClient({ url: "https://pay.example", token });
 * const payment = await client.payments.pay({ card, amount: parseAmount("EUR 12.50") });
 * ```
 *
 * It holds no connection that must be closed, and may be used by many callers at once. Every call tries again after
 * failures that pass, with pauses that grow, until its time is over.
 */
export class QuittanceClient {
  readonly payments: Payments;
  readonly refunds: Refunds;
  readonly events: Events;

  /** @throws TypeError when the url is none of http or https. */
  constructor(options: ClientOptions) {
    const calls = new HttpCalls(options);
    this.payments = new Payments(calls);
    this.refunds = new Refunds(calls);
    this.events = new Events(calls);
  }
}
