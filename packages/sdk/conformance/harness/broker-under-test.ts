/** A broker that the cases run against. */

export type BrokerName = "embedded" | "artemis" | "classic";

export interface BrokerUnderTest {
  readonly name: BrokerName;
  /** `amqp://host:port`; anybody may do anything there. */
  readonly url: string;
  /** Ends it; nothing of it is left. */
  stop(): Promise<void>;
}

/** What starts so is not made as it is used, on brokers where that can be said of some addresses alone. */
export const CLOSED_PREFIX = "closed.";
/** A shared durable subscription that is there from the start, where there can be one. */
export const PREDEFINED_SUBSCRIPTION = { address: "predefined", name: "reader" } as const;

/** Deliveries before a message goes to the dead-letter queue, on every broker where that can be set. */
export const MAXIMUM_DELIVERIES = 3;
/** Where dead letters go, on every broker. */
export const DEAD_LETTER_QUEUE = "DLQ";
