/**
 * Messages counted in plain numbers, which the application's meter reads when it collects. A counter of OpenTelemetry's
 * would sort and join the attributes again for each message to find the number that belongs to them.
 */
import type { Attributes, Meter, ObservableResult } from "@opentelemetry/api";
import type { Destination } from "../destination.js";
import { attributesOf, errorTypeOf, nameOf } from "./attributes.js";

/** Destinations that are counted apart; whatever goes elsewhere is counted together. */
const MAXIMUM_DESTINATIONS = 1_000;
/** Under what OpenTelemetry counts what is beyond a limit of attribute sets. */
const OVERFLOW: Attributes = Object.freeze({ "messaging.system": "activemq", "otel.metric.overflow": true });

/** The numbers of one destination. */
export class DestinationCounts {
  readonly #sendAttributes: Attributes;
  readonly #receiveAttributes: Attributes;
  /** Sends that failed, by the type of error; there are a few types. */
  readonly #failed = new Map<string, number>();
  #sent = 0;
  #consumed = 0;

  constructor(sendAttributes: Attributes, receiveAttributes: Attributes) {
    this.#sendAttributes = sendAttributes;
    this.#receiveAttributes = receiveAttributes;
  }

  /** Counts a message that was sent, or could not be for this error. */
  sent(error: unknown): void {
    if (error === undefined) {
      this.#sent += 1;
      return;
    }
    const type = errorTypeOf(error);
    this.#failed.set(type, (this.#failed.get(type) ?? 0) + 1);
  }

  /** Counts a message that was handed to the application. */
  consumed(): void {
    this.#consumed += 1;
  }

  observeSent(result: ObservableResult): void {
    if (this.#sent > 0) result.observe(this.#sent, this.#sendAttributes);
    for (const [type, count] of this.#failed) result.observe(count, { ...this.#sendAttributes, "error.type": type });
  }

  observeConsumed(result: ObservableResult): void {
    if (this.#consumed > 0) result.observe(this.#consumed, this.#receiveAttributes);
  }
}

/** The counters of the messaging conventions, 1.44, for one meter. */
export class MessageCounts {
  readonly #byName = new Map<string, DestinationCounts>();
  readonly #others = new DestinationCounts(OVERFLOW, OVERFLOW);

  constructor(meter: Meter) {
    const sent = {
      name: "messaging.client.sent.messages",
      description: "Messages that were sent, or could not be.",
      observe: (counts: DestinationCounts, result: ObservableResult) => counts.observeSent(result),
    };
    const consumed = {
      name: "messaging.client.consumed.messages",
      description: "Messages that were handed to the application.",
      observe: (counts: DestinationCounts, result: ObservableResult) => counts.observeConsumed(result),
    };
    for (const { name, description, observe } of [sent, consumed]) {
      meter.createObservableCounter(name, { description, unit: "{message}" }).addCallback((result) => {
        for (const counts of this.#byName.values()) observe(counts, result);
        observe(this.#others, result);
      });
    }
  }

  of(destination: Destination): DestinationCounts {
    const name = nameOf(destination);
    return this.#byName.get(name) ?? this.#begin(name, destination);
  }

  #begin(name: string, destination: Destination): DestinationCounts {
    if (this.#byName.size >= MAXIMUM_DESTINATIONS) return this.#others;
    const counts = new DestinationCounts(attributesOf(destination, "send"), attributesOf(destination, "receive"));
    this.#byName.set(name, counts);
    return counts;
  }
}
