/** A broker as the cases need to know it: how to reach it, and what its configuration says. */
import type { TlsOptions } from "@quittance/sdk";

export interface Target {
  /** Of AMQP, without a user or password in it. */
  readonly url: string;
  /** How to log in [anonymously]. */
  readonly login?: { readonly username?: string; readonly password?: string; readonly tls?: TlsOptions };
  /** What the names of all queues, topics, subscriptions and clients of the cases begin with. */
  readonly namePrefix: string;
  /** Deliveries before a message goes to the dead-letter queue. */
  readonly maximumDeliveries: number;
  /** Where dead letters go. */
  readonly deadLetterQueue: string;
  /** What starts so is not made as it is used, on brokers where that can be said of some addresses alone. */
  readonly closedPrefix?: string;
  /** A shared durable subscription that is there from the start, where there can be one. */
  readonly predefinedSubscription?: { readonly address: string; readonly name: string };
}

/** A case needs to know something of the broker that nobody said. */
export class NotTried extends Error {
  override readonly name = "NotTried";
}
