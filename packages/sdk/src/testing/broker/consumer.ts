/** A client's consumer: its place among those of a queue, and what becomes of the subscription when it goes. */
import type { BackendConsumer, Ending, Outlet } from "../../amqp/server/backend.js";
import type { ConsumerPlace } from "./consumer-place.js";
import type { MessageQueue } from "./message-queue.js";
import type { QueueBrowser } from "./queue-browser.js";
import type { QueueConsumer } from "./queue-consumer.js";

export interface ConsumerTies {
  readonly dynamicAddress?: string;
  readonly recovered?: BackendConsumer["recovered"];
  /** Called when the consumer has let go of its messages. */
  onClose(ending: Ending): void;
}

export class Consumer implements BackendConsumer {
  readonly dynamicAddress: string | undefined;
  readonly recovered: BackendConsumer["recovered"];
  readonly #queue: MessageQueue;
  readonly #consumer: QueueConsumer;
  readonly #ties: ConsumerTies;

  constructor({ queue, selector, priority }: ConsumerPlace, outlet: Outlet, ties: ConsumerTies) {
    this.dynamicAddress = ties.dynamicAddress;
    this.recovered = ties.recovered;
    this.#queue = queue;
    this.#consumer = queue.addConsumer(outlet, selector, priority);
    this.#ties = ties;
  }

  wake(): void {
    this.#queue.wake();
  }

  flush(): void {
    this.#queue.dispatch();
  }

  close(ending: Ending): void {
    this.#queue.removeConsumer(this.#consumer);
    this.#ties.onClose(ending);
  }
}

/** A client's browser: it sees what waits on a queue, and takes nothing. */
export class Browser implements BackendConsumer {
  readonly dynamicAddress: undefined;
  readonly recovered: undefined;
  readonly #queue: MessageQueue;
  readonly #browser: QueueBrowser;

  constructor({ queue, selector }: ConsumerPlace, outlet: Outlet) {
    this.#queue = queue;
    this.#browser = queue.addBrowser(outlet, selector);
  }

  wake(): void {
    this.#queue.wake();
  }

  flush(): void {
    this.#browser.browse();
  }

  close(): void {
    this.#queue.removeBrowser(this.#browser);
  }
}
