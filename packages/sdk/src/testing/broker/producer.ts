/** Takes what a client sends: to one address, or to whatever address each message names. */
import { DecodeError } from "../../amqp/codec-reader.js";
import {
  type BackendProducer,
  type Condition,
  type Ending,
  Refusal,
  type Transaction,
} from "../../amqp/server/backend.js";
import type { AddressBook, Place } from "./address-book.js";
import type { StoredMessage } from "./stored-message.js";

export interface ProducerHost {
  readonly book: AddressBook;
  readonly containerId: string;
  /** Where a message goes that names its address itself. @throws Refusal */
  route(message: StoredMessage): Place;
}

export class Producer implements BackendProducer {
  readonly dynamicAddress: string | undefined;
  readonly #host: ProducerHost;
  readonly #place: Place | undefined;
  readonly #onClose: (ending: Ending) => void;

  /** Without a place, each message names its own. */
  constructor(
    host: ProducerHost,
    place: Place | undefined,
    dynamicAddress: string | undefined,
    onClose: (ending: Ending) => void,
  ) {
    this.#host = host;
    this.#place = place;
    this.dynamicAddress = dynamicAddress;
    this.#onClose = onClose;
  }

  receive(bytes: Buffer, transaction: Transaction | undefined): Condition | undefined {
    try {
      const message = this.#host.book.message(bytes);
      const { address, queue } = this.#place ?? this.#host.route(message);
      address.publish(message, this.#host.containerId, queue, Date.now(), transaction);
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return error;
      if (error instanceof DecodeError) {
        return { condition: "amqp:decode-error", description: `This is no message: ${error.message}.` };
      }
      throw error;
    }
  }

  close(ending: Ending): void {
    this.#onClose(ending);
  }
}
