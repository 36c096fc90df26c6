/** A broker of our own that the cases run against. */
import type { Target } from "../suite/target.js";

export type BrokerName = "embedded" | "artemis" | "classic";

/** Anybody may do anything there. */
export interface BrokerUnderTest extends Target {
  readonly name: BrokerName;
  /** Ends it; nothing of it is left. */
  stop(): Promise<void>;
}

export const CLOSED_PREFIX = "closed.";
export const PREDEFINED_SUBSCRIPTION = { address: "predefined", name: "reader" } as const;
export const MAXIMUM_DELIVERIES = 3;
export const DEAD_LETTER_QUEUE = "DLQ";

/** How each of them is configured, where it can be. */
export const CONFIGURED = {
  namePrefix: "case-",
  maximumDeliveries: MAXIMUM_DELIVERIES,
  deadLetterQueue: DEAD_LETTER_QUEUE,
  closedPrefix: CLOSED_PREFIX,
  predefinedSubscription: PREDEFINED_SUBSCRIPTION,
} satisfies Partial<Target>;
