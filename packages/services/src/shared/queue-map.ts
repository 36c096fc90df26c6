/**
 * The map of the house: every queue, topic and subscription, with its priority, who writes and who reads.
 * The broker's configuration, its users' rights and the table in docs/payment-cycle.md are derived from it.
 */
import { type Destination, queue, type Subscription, topic } from "@quittance/sdk";
import { SERVICES, type ServiceName } from "../topology/system-table.js";

/**
 * Every service, and the two users of the operator's command line: `operator` replays and discards dead letters,
 * `auditor` looks into queues and takes nothing. Each has a broker user of its own name.
 */
export type BrokerUserName = ServiceName | "operator" | "auditor";
export const BROKER_USERS: readonly BrokerUserName[] = [...SERVICES, "operator", "auditor"];
export type { ServiceName };

/** JMS priority of messages that somebody waits for: `payment`, `bank-result` and `refund`. */
export const HIGH_PRIORITY = 7;
/** JMS priority of everything else; JMS's default. */
export const MEDIUM_PRIORITY = 4;

/** A shared durable subscription of a topic. */
export interface ChannelSubscription {
  readonly name: string;
  readonly reader: BrokerUserName;
  /** JMS selector by which the broker chooses what is stored for it; consumers name the subscription and give none. */
  readonly selector: string;
}

/**
 * JMS properties of an end: what client-bank says of a payment or a refund on a topic of results, once it is booked and
 * final. The verdicts of merchant-bank, from which the end is made, do not have the property.
 */
export const END_PROPERTIES = { final: true } as const;
const ENDS = "final = TRUE";
const VERDICTS = "final IS NULL";

/** One line of the map. */
export interface Channel {
  readonly address: string;
  readonly kind: "queue" | "topic";
  readonly priority: number;
  /** Whether its messages survive the broker's restart. */
  readonly deliveryMode: "persistent" | "non-persistent";
  readonly writers: readonly BrokerUserName[];
  /** Who reads a queue, or makes volatile subscriptions of a topic. */
  readonly readers: readonly BrokerUserName[];
  /** Shared durable subscriptions of a topic; each belongs to one reader. */
  readonly subscriptions: readonly ChannelSubscription[];
  /** Steps of the payment cycle that write it; empty for what is beside the cycle. */
  readonly steps: readonly string[];
  readonly purpose: string;
}

const CYCLE = { deliveryMode: "persistent", subscriptions: [] } as const;

/** Every channel, by the name that the code uses. */
export const CHANNELS = {
  payment: {
    ...CYCLE,
    address: "payment",
    kind: "queue",
    priority: HIGH_PRIORITY,
    writers: ["gateway"],
    readers: ["card-validation"],
    steps: ["1"],
    purpose: "accepted payments, the card sealed",
  },
  validationResult: {
    ...CYCLE,
    address: "validation-result",
    kind: "queue",
    priority: MEDIUM_PRIORITY,
    writers: ["card-validation"],
    readers: ["client-bank"],
    steps: ["2"],
    purpose: "payments with the verdict on the card",
  },
  bankResult: {
    ...CYCLE,
    address: "bank-result",
    kind: "queue",
    priority: HIGH_PRIORITY,
    writers: ["client-bank"],
    readers: ["merchant-bank"],
    steps: ["3"],
    purpose: "payments that the client's bank captured or declined",
  },
  transactionResult: {
    ...CYCLE,
    address: "transaction-result",
    kind: "topic",
    priority: MEDIUM_PRIORITY,
    writers: ["merchant-bank", "client-bank"],
    readers: [],
    subscriptions: [
      { name: "client-bank", reader: "client-bank", selector: VERDICTS },
      { name: "notification", reader: "notification", selector: ENDS },
    ],
    steps: ["4", "5b"],
    purpose: "payments that the merchant's bank settled or declined, and how each ended",
  },
  refund: {
    ...CYCLE,
    address: "refund",
    kind: "queue",
    priority: HIGH_PRIORITY,
    // merchant-bank sends a refund again, to be delivered later, while its payment may still be settled.
    writers: ["gateway", "merchant-bank"],
    readers: ["merchant-bank"],
    steps: ["R1", "R2"],
    purpose: "accepted refunds",
  },
  refundResult: {
    ...CYCLE,
    address: "refund-result",
    kind: "topic",
    priority: MEDIUM_PRIORITY,
    writers: ["merchant-bank", "client-bank"],
    readers: [],
    // Artemis names a subscription's queue by it alone, so that no two topics may have the same name.
    subscriptions: [
      { name: "client-bank-refunds", reader: "client-bank", selector: VERDICTS },
      { name: "notification-refunds", reader: "notification", selector: ENDS },
    ],
    steps: ["R2", "R3"],
    purpose: "refunds that the merchant's bank debited or declined, and how each ended",
  },
  paymentUpdate: {
    address: "payment-update",
    kind: "topic",
    priority: MEDIUM_PRIORITY,
    deliveryMode: "non-persistent",
    writers: ["client-bank"],
    readers: ["gateway"],
    subscriptions: [],
    steps: ["3", "5b", "R3"],
    purpose: "each change of a payment's state, for open watches",
  },
  paymentRead: {
    address: "payment-read",
    kind: "queue",
    priority: MEDIUM_PRIORITY,
    deliveryMode: "non-persistent",
    writers: ["gateway"],
    readers: ["client-bank"],
    subscriptions: [],
    steps: [],
    purpose: "requests to read payments, answered to JMSReplyTo",
  },
} as const satisfies Record<string, Channel>;

/** Every channel in the order of the cycle. */
export const ALL_CHANNELS: readonly Channel[] = Object.values(CHANNELS);

/** Channels whose messages outlive a restart, and whose bad messages are kept. */
export const DURABLE_CHANNELS: readonly Channel[] = ALL_CHANNELS.filter(
  (channel) => channel.deliveryMode === "persistent",
);

/** Everybody who takes messages from a channel, and so may set one aside as a dead letter. */
export function consumersOf(channel: Channel): BrokerUserName[] {
  return [...channel.readers, ...channel.subscriptions.map((subscription) => subscription.reader)];
}

/** Services that make temporary queues for replies, and those that send to them. */
export const TEMPORARY_QUEUES = { owners: ["gateway"], writers: ["client-bank"] } as const satisfies {
  owners: readonly BrokerUserName[];
  writers: readonly BrokerUserName[];
};

/** Deliveries of one message before the broker sets it aside by itself; services do so earlier. */
export const MAXIMUM_DELIVERIES = 10;

/** Waiting time before the broker offers a message again that was given back. */
export const REDELIVERY_DELAY_MS = 200;

/** Where a channel's bad messages are set aside: a queue of its own that only the operator reads. */
export function deadLetterAddress(channel: Pick<Channel, "address">): string {
  return `dead-letter.${channel.address}`;
}

/** The destination of a channel, as the SDK takes it. */
export function destinationOf(channel: Pick<Channel, "address" | "kind">): Destination {
  return channel.kind === "queue" ? queue(channel.address) : topic(channel.address);
}

/** The dead-letter queue of a channel, as the SDK takes it. */
export function deadLetterDestination(channel: Pick<Channel, "address">): Destination {
  return queue(deadLetterAddress(channel));
}

/** The shared durable subscription of a topic that belongs to `reader`. @throws Error when the map has none. */
export function subscriptionOf(channel: Channel, reader: BrokerUserName): Subscription {
  const subscription = channel.subscriptions.find((candidate) => candidate.reader === reader);
  if (subscription === undefined) throw new Error(`${reader} has no durable subscription of ${channel.address}.`);
  return { name: subscription.name, durable: true, shared: true };
}
