/** One life of a consumer's link: credit, arrivals and settlement. A lost line ends it; a new line makes a new one. */
import type { Destination } from "../destination.js";
import { decodeMessage } from "./decode-message.js";
import type { LinkHandle } from "./link-handle.js";
import { ReceivedMessage, type Settler } from "./received-message.js";
import { type Outcome, settleDelivery, withdrawCredit } from "./rhea-engine.js";
import type { RheaDelivery, RheaReceiver } from "./rhea-types.js";

export class ReceiverLink implements Settler {
  readonly handle: LinkHandle<RheaReceiver>;
  readonly #source: Destination;
  /** Messages that may be on their way or unsettled at once. */
  #window: number;
  readonly #onMessage: (message: ReceivedMessage) => void;
  /** Messages that arrived and are not settled. */
  #held = 0;
  #credited = false;

  constructor(
    handle: LinkHandle<RheaReceiver>,
    source: Destination,
    window: number,
    onMessage: (message: ReceivedMessage) => void,
  ) {
    this.handle = handle;
    this.#source = source;
    this.#window = window;
    this.#onMessage = onMessage;
    handle.link.on("message", (context: { message: Buffer; delivery: RheaDelivery }) => {
      this.#held++;
      this.#onMessage(new ReceivedMessage(decodeMessage(context.message, this.#source), context.delivery, this));
    });
    // Heard here, so that rhea does not carry them up to its container for each flow and outcome.
    handle.link.on("receiver_flow", nothing);
    handle.link.on("settled", nothing);
  }

  start(window: number): void {
    if (!this.handle.open) return;
    this.#window = window;
    this.#credited = true;
    // An absolute statement: it also takes back a withdrawal, whatever was on its way meanwhile.
    const { link } = this.handle;
    const room = this.#window - this.#held;
    link.credit = 0;
    if (room > 0) link.add_credit(room);
  }

  /** Takes the credit back. What the broker has sent already still arrives. */
  stop(): void {
    if (!this.#credited || !this.handle.open) return;
    this.#credited = false;
    withdrawCredit(this.handle.session, this.handle.link);
  }

  /** Messages of an earlier life come again, so settling them means nothing. */
  settle(delivery: RheaDelivery, outcome: Outcome): void {
    const { session, link, open } = this.handle;
    if (!open) return;
    settleDelivery(session, delivery, outcome);
    this.#held--;
    if (!this.#credited) return;
    // In chunks: a flow frame for each message would double the frames.
    const missing = this.#window - this.#held - link.credit;
    if (missing >= Math.max(1, this.#window >> 2)) link.add_credit(missing);
  }
}

function nothing(): void {}
