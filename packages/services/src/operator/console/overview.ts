/** What the console's first page shows, as `GET /console/v1/overview` answers it. What cannot be known is null. */

/** Everything at one moment. */
export interface Overview {
  /** RFC 3339. */
  readonly time: string;
  /** Every service of the system table, in the order in which they are stopped: the gateway first. */
  readonly services: readonly ServiceOverview[];
  /** The queues and topics of the payment cycle, in its order. */
  readonly queues: readonly QueueOverview[];
  readonly books: BooksOverview;
  /** Why something is null: empty while everything could be found out. */
  readonly problems: readonly OverviewProblem[];
}

export interface OverviewProblem {
  readonly part: "services" | "queues" | "books";
  readonly detail: string;
}

export interface ServiceOverview {
  readonly name: string;
  /** What it does, for people. */
  readonly summary: string;
  /** Empty where nobody told the console of any. */
  readonly instances: readonly ServiceInstance[];
}

/** `degraded`: ready, and something that payments do not need is wrong. `away`: it does not answer. */
export type InstanceState = "ready" | "degraded" | "not-ready" | "away";

export interface ServiceInstance {
  /** Host and port where it answers of its health. */
  readonly instance: string;
  readonly ready: boolean;
  readonly state: InstanceState;
  /** What is wrong, each as `name: reason`. */
  readonly reasons: readonly string[];
  /** RFC 3339; null where it does not answer, or tells no metrics. */
  readonly startTime: string | null;
  /** By name; empty where it does not answer, or has none. */
  readonly breakers: readonly BreakerOverview[];
}

export interface BreakerOverview {
  readonly name: string;
  readonly state: "closed" | "open" | "half-open";
}

/** One queue, or a topic with its durable subscriptions. */
export interface QueueOverview {
  readonly name: string;
  readonly kind: "queue" | "topic";
  readonly priority: number;
  /** Services that send to it. */
  readonly writers: readonly string[];
  /** Services that take from it. */
  readonly readers: readonly string[];
  /** Messages that wait, or are delivered and not settled; of a topic those of all subscriptions. */
  readonly depth: number | null;
  /** Seconds since the oldest message that waits came; null as well when none waits. */
  readonly oldestAgeSeconds: number | null;
  /** Messages on its dead-letter queue. */
  readonly deadLetters: number | null;
  /** Messages that services sent to it each second since the look before; null at the first look. */
  readonly enqueuedPerSecond: number | null;
  readonly consumers: number | null;
  /** Of a topic; empty of a queue. */
  readonly subscriptions: readonly SubscriptionOverview[];
}

export interface SubscriptionOverview {
  readonly name: string;
  readonly reader: string;
  readonly depth: number | null;
  readonly oldestAgeSeconds: number | null;
  readonly consumers: number | null;
}

/** What both banks know of their books. The whole audit is the command line's `verify-money`. */
export interface BooksOverview {
  /**
   * By currency, minor units as decimal text: what the balances of both banks have and no entries explain. "0", or the
   * books are wrong. Null before the first audit of each bank.
   */
  readonly driftMinorUnits: Readonly<Record<string, string>> | null;
  /** Payments that are captured and not final, at this moment. */
  readonly inFlight: number | null;
  /** Seconds since the oldest of them was captured; null as well when there is none. */
  readonly oldestInFlightSeconds: number | null;
  /** Seconds since the older of the two banks' last audits, which `driftMinorUnits` is of. */
  readonly auditAgeSeconds: number | null;
}
