/** One life of a consumer's link: credit, arrivals and settlement. A lost transport ends it; a new transport makes a new one. */
import { startDeadline } from "../deadline.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import { decodeMessage } from "./decode-message.js";
import type { IncomingDeliveries, IncomingDelivery } from "./incoming-deliveries.js";
import type { LinkHandle } from "./link-handle.js";
import { type Outcome, ReceivedMessage, type Settler } from "./received-message.js";
import { incomingOf, requestDrain, withdrawCredit } from "./rhea-engine.js";
import type { RheaReceiver } from "./rhea-types.js";
import type { SeenMessages } from "./seen-messages.js";

/** How long the broker may take to say what it has when nobody waits for it. */
const ASK_TIMEOUT_MS = 5_000;

export class ReceiverLink implements Settler {
  readonly handle: LinkHandle<RheaReceiver>;
  readonly #deliveries: IncomingDeliveries;
  readonly #source: Destination;
  /** Messages that may be on their way or unsettled at once. */
  #window: number;
  readonly #seen: SeenMessages;
  readonly #onMessage: (message: ReceivedMessage) => void;
  /** Messages that arrived and are not settled. */
  #held = 0;
  /** Who settles what arrives. */
  #settler: Settler = this;
  #hasSettled = false;
  #credited = false;
  #draining: PromiseWithResolvers<void> | undefined;
  /** A question ended without the broker's answer, which may still come and would be taken for that to the next. */
  #answerOwed = false;

  constructor(
    handle: LinkHandle<RheaReceiver>,
    source: Destination,
    window: number,
    seen: SeenMessages,
    onMessage: (message: ReceivedMessage) => void,
  ) {
    this.handle = handle;
    this.#source = source;
    this.#window = window;
    this.#seen = seen;
    this.#onMessage = onMessage;
    this.#deliveries = incomingOf(handle.session);
    this.#deliveries.listen((payload, delivery) => {
      this.#held++;
      const content = decodeMessage(payload, this.#source, handle.prefixes);
      const message = new ReceivedMessage(content, delivery, this.#settler);
      if (this.#seen.has(content.messageId)) message.markSeen();
      this.#onMessage(message);
      // Where messages have used up the credit, Artemis says no more (AMQP 1.0, 2.6.7).
      if (this.#draining !== undefined && handle.link.credit <= 0) this.#endUnanswered(undefined);
    });
    // Heard here, so that rhea does not carry them up to its container.
    handle.link.on("receiver_flow", nothing);
    handle.link.on("receiver_drained", () => this.#answered());
  }

  /** Whether it holds all that it may, and has never settled any. */
  get isForgotten(): boolean {
    return !this.#hasSettled && this.#held >= this.#window && this.handle.open;
  }

  /** Has messages settled by way of another, which comes back here. */
  settleBy(settler: Settler): void {
    this.#settler = settler;
  }

  start(window: number): void {
    if (!this.handle.open) return;
    this.#window = window;
    this.#credited = true;
    // An absolute statement: it also takes back a withdrawal, whatever was on its way meanwhile.
    const { link } = this.handle;
    const room = this.#window - this.#held;
    link.credit = 0;
    if (room > 0) this.#deliveries.addCredit(link, room);
  }

  ask(): void {
    // Nobody waits for the answer: without one the credit is given again all the same.
    this.drain(ASK_TIMEOUT_MS)?.catch(nothing);
  }

  /** Takes the credit back. What the broker has sent already still arrives. */
  stop(): void {
    if (!this.#credited || !this.handle.open) return;
    this.#credited = false;
    this.#endUnanswered(undefined);
    withdrawCredit(this.handle.session, this.handle.link);
  }

  /**
   * Resolves when the broker has sent what it has within the credit given, and all of it has arrived; undefined where
   * without credit nothing can come, and there is nothing to ask.
   * @throws MessagingError `timed-out`
   */
  drain(timeoutMs: number): Promise<void> | undefined {
    if (this.#draining !== undefined) return this.#draining.promise;
    const { session, link, open } = this.handle;
    if (!this.#credited || !open || link.credit <= 0) return undefined;
    const draining = Promise.withResolvers<void>();
    this.#draining = draining;
    const inTime = startDeadline(timeoutMs, () => {
      const { address } = this.#source;
      const sentence = `The broker did not say within ${timeoutMs} ms whether ${address} has a message.`;
      this.#endUnanswered(new MessagingError("timed-out", sentence, { destination: address }));
    });
    requestDrain(session, link);
    return draining.promise.finally(inTime);
  }

  givenBack(messageId: string | undefined): void {
    this.#seen.givenBack(messageId);
  }

  /** The link is no more: the end of the queue will not come, and what is unsettled comes again. */
  abandon(): void {
    if (this.#held > 0) this.#seen.cutOff();
    this.#credited = false;
    this.#endUnanswered(undefined);
  }

  /** The broker said that it has used up the credit. rhea has set the credit to nothing. */
  #answered(): void {
    const owed = this.#answerOwed;
    this.#answerOwed = false;
    if (this.#draining === undefined || !owed) {
      // Without a question it is a late answer, and more was given meanwhile.
      if (this.#draining !== undefined) this.#drained(undefined);
      else if (this.#credited) this.start(this.#window);
      return;
    }
    // Artemis ends the credit of a new question with the answer to an old one, before it has looked for messages.
    const { session, link } = this.handle;
    this.start(this.#window);
    if (link.credit > 0) requestDrain(session, link);
    else this.#drained(undefined);
  }

  #endUnanswered(error: MessagingError | undefined): void {
    if (this.#draining !== undefined) this.#answerOwed = true;
    this.#drained(error);
  }

  #drained(error: MessagingError | undefined): void {
    const draining = this.#draining;
    if (draining === undefined) return;
    this.#draining = undefined;
    if (this.#credited) this.start(this.#window);
    if (error === undefined) draining.resolve();
    else draining.reject(error);
  }

  /** Messages of an earlier life come again, so settling them means nothing. */
  settle(delivery: IncomingDelivery, outcome: Outcome): void {
    const { link, open } = this.handle;
    if (!open) return;
    this.#deliveries.settle(delivery, outcome);
    this.#hasSettled = true;
    this.#held--;
    // While the broker uses up the credit, none is given: that would take the question back.
    if (!this.#credited || this.#draining !== undefined) return;
    // In chunks: a flow frame for each message would double the frames.
    const missing = this.#window - this.#held - link.credit;
    if (missing >= Math.max(1, this.#window >> 2)) this.#deliveries.addCredit(link, missing);
  }
}

function nothing(): void {}
