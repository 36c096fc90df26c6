/** How long the sends of one call take: a batch is one operation, whose end is that of its last message. */
import type { Attributes } from "@opentelemetry/api";
import type { Destination } from "../destination.js";
import { attributesOf, errorTypeOf } from "./attributes.js";
import { type Instruments, registeredInstruments } from "./listeners.js";

export class SendDurations {
  readonly #instruments: Instruments;
  readonly #startedAt = performance.now();
  /** The first error of each destination, by the attributes, which are the same object for the same destination. */
  readonly #outcomes = new Map<Attributes, unknown>();

  /** Where the last message went that was sent without an error: most calls send to one destination. */
  #succeeded: Destination | undefined;

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
  }

  /** Notes how one message ended. */
  ended(destination: Destination, error: unknown): void {
    if (error === undefined && destination === this.#succeeded) return;
    if (error === undefined) this.#succeeded = destination;
    const attributes = attributesOf(destination, "send");
    if (error !== undefined || !this.#outcomes.has(attributes)) {
      this.#outcomes.set(attributes, this.#outcomes.get(attributes) ?? error);
    }
  }

  /** Records one duration for each destination. To be called once, when all have ended. */
  record(): void {
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    for (const [attributes, error] of this.#outcomes) {
      this.#instruments.operationDuration.record(
        seconds,
        error === undefined ? attributes : { ...attributes, "error.type": errorTypeOf(error) },
      );
    }
  }
}

/** Starts to measure a call that sends; undefined when nobody listens. */
export function startSends(): SendDurations | undefined {
  const instruments = registeredInstruments();
  return instruments === undefined ? undefined : new SendDurations(instruments);
}
