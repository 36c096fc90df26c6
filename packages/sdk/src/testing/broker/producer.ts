/** Takes what a client sends: to one address, or to whatever address each message names. */
import { DecodeError } from "../../amqp/codec-reader.js";
import {
  type BackendProducer,
  type Condition,
  type Ending,
  type Inlet,
  type Postponed,
  Refusal,
  type Transaction,
} from "../../amqp/server/backend.js";
import type { Address } from "./address.js";
import type { AddressBook, Place } from "./address-book.js";
import type { Faults } from "./faults.js";
import type { StoredMessage } from "./stored-message.js";

export interface ProducerHost {
  readonly book: AddressBook;
  readonly faults: Faults;
  readonly containerId: string;
  /** Where a message goes that names its address itself. @throws Refusal */
  route(message: StoredMessage): Place;
}

/** Where a producer sends, and what becomes of that when it goes. */
export interface ProducerTies {
  /** Without a place, each message names its own. */
  readonly place: Place | undefined;
  readonly dynamicAddress?: string;
  onClose?(ending: Ending): void;
}

export class Producer implements BackendProducer {
  readonly dynamicAddress: string | undefined;
  readonly #host: ProducerHost;
  readonly #ties: ProducerTies;
  readonly #unwatch: () => void;

  constructor(host: ProducerHost, inlet: Inlet, ties: ProducerTies) {
    this.#host = host;
    this.#ties = ties;
    this.dynamicAddress = ties.dynamicAddress;
    this.#unwatch = host.faults.watchCredit(() => inlet.wake());
  }

  get grantsCredit(): boolean {
    return !this.#host.faults.refusesCredit(this.#ties.place?.address.name ?? "");
  }

  receive(bytes: Buffer, transaction: Transaction | undefined): Condition | Postponed | undefined {
    const { book, containerId, faults } = this.#host;
    let address: Address | undefined;
    let said: Condition | undefined;
    try {
      const message = book.message(bytes);
      const place = this.#ties.place ?? this.#host.route(message);
      ({ address } = place);
      said = faults.rejection(address.name);
      if (said === undefined) address.publish(message, containerId, place.queue, Date.now(), transaction);
    } catch (error) {
      said = conditionOf(error);
    }
    return address === undefined ? said : (faults.postponed(address.name, said) ?? said);
  }

  close(ending: Ending): void {
    this.#unwatch();
    this.#ties.onClose?.(ending);
  }
}

function conditionOf(error: unknown): Condition {
  if (error instanceof Refusal) return error;
  if (error instanceof DecodeError) {
    return { condition: "amqp:decode-error", description: `This is no message: ${error.message}.` };
  }
  throw error;
}
