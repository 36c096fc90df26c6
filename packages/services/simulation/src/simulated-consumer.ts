/** A consumer of batches on the simulated broker, as far as the SDK's processor uses one. */
import { type Consumer, type Destination, type Message, MessagingError } from "@quittance/sdk";
import type { Line } from "./line.js";

export class SimulatedConsumer implements Pick<Consumer, "destination" | "receiveBatch" | "stop" | "start" | "close"> {
  readonly destination: Destination;
  readonly #line: Line;
  readonly #queue: string;
  /** Messages that it asks for at once: none once it is stopped. */
  #asksFor = Number.POSITIVE_INFINITY;

  constructor(line: Line, destination: Destination, queue: string) {
    this.#line = line;
    this.destination = destination;
    this.#queue = queue;
  }

  /** With a signal that is aborted: what has arrived. A processor that drains is not simulated: it is killed. */
  async receiveBatch({ maximumSize, signal }: Parameters<Consumer["receiveBatch"]>[0]): Promise<Message[]> {
    if (signal?.aborted === true) {
      const arrived = this.#line.takeArrived(this.#queue, maximumSize);
      if (arrived.length === 0) throw new MessagingError("aborted", "Nothing has arrived.");
      return arrived;
    }
    return this.#line.take(this.#queue, () => Math.min(maximumSize, this.#asksFor));
  }

  stop(): void {
    this.#asksFor = 0;
  }

  start({ maximumUnsettled = Number.POSITIVE_INFINITY }: { readonly maximumUnsettled?: number } = {}): void {
    this.#asksFor = maximumUnsettled;
    this.#line.broker.offerAgain(this.#queue);
  }

  async close(): Promise<void> {
    this.stop();
  }
}
