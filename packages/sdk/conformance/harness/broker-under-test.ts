/** A broker that the cases run against. */

export type BrokerName = "embedded" | "artemis" | "classic";

export interface BrokerUnderTest {
  readonly name: BrokerName;
  /** `amqp://host:port`; anybody may do anything there. */
  readonly url: string;
  /** Ends it; nothing of it is left. */
  stop(): Promise<void>;
}

/** Deliveries before a message goes to the dead-letter queue, on every broker where that can be set. */
export const MAXIMUM_DELIVERIES = 3;
/** Where dead letters go, on every broker. */
export const DEAD_LETTER_QUEUE = "DLQ";
