/**
 * Every queue and topic, and the kinds of messages that each carries. Who writes and who reads them is in the
 * steps of the services, in system-table.ts; queue-map.ts puts both together.
 */

/** JMS priority of messages that somebody waits for: `payment`, `bank-result`, `hold-order` and `refund`. */
const HIGH_PRIORITY = 7;
/** JMS priority of everything else; JMS's default. */
const MEDIUM_PRIORITY = 4;

/**
 * JMS properties of an end: what client-bank says of a payment or a refund on a topic of results, once it is booked and
 * final. The verdicts of merchant-bank, from which the end is made, do not have the property.
 */
export const END_PROPERTIES = { final: true } as const;
const ENDS = "final = TRUE";
const VERDICTS = "final IS NULL";

/** What its reader may know of a kind of message. */
export interface CarriedKind {
  /** What proves its writer: a signature under a key of writer and reader, or the seal of the card. */
  readonly proof: "signature" | "seal";
  /** On a topic with durable subscriptions: the JMS selector by which the broker stores this kind for its readers. */
  readonly selector?: string;
}

/** One queue or topic. */
export interface ChannelRow {
  readonly address: string;
  readonly kind: "queue" | "topic";
  readonly priority: number;
  /** Whether its messages survive the broker's restart, and bad ones are kept. */
  readonly deliveryMode: "persistent" | "non-persistent";
  /** The kinds that it carries, by their JMSType. */
  readonly carries: Readonly<Record<string, CarriedKind>>;
  /** What distinguishes a reader's subscription of this topic from its others. Artemis names a queue by it alone. */
  readonly subscriptionSuffix?: string;
  readonly purpose: string;
}

const SIGNED = { proof: "signature" } as const;
const CYCLE = { deliveryMode: "persistent" } as const;
/** Who calls waits for the answer, and calls again when none comes. */
const MANAGEMENT = { kind: "queue", priority: MEDIUM_PRIORITY, deliveryMode: "non-persistent" } as const;

/** In the order of the cycle, by the names that the code uses. */
export const CHANNEL_TABLE = {
  payment: {
    ...CYCLE,
    address: "payment",
    kind: "queue",
    priority: HIGH_PRIORITY,
    carries: { payment: { proof: "seal" } },
    purpose: "accepted payments, the card sealed",
  },
  validationResult: {
    ...CYCLE,
    address: "validation-result",
    kind: "queue",
    priority: MEDIUM_PRIORITY,
    carries: { "validation-result": SIGNED },
    purpose: "payments with the verdict on the card",
  },
  bankResult: {
    ...CYCLE,
    address: "bank-result",
    kind: "queue",
    priority: HIGH_PRIORITY,
    carries: { "bank-result": SIGNED },
    purpose: "payments that the client's bank captured or declined",
  },
  transactionResult: {
    ...CYCLE,
    address: "transaction-result",
    kind: "topic",
    priority: MEDIUM_PRIORITY,
    carries: {
      "transaction-result": { ...SIGNED, selector: VERDICTS },
      "payment-end": { ...SIGNED, selector: ENDS },
    },
    purpose: "payments that the merchant's bank settled or declined, and how each ended",
  },
  holdOrder: {
    ...CYCLE,
    address: "hold-order",
    kind: "queue",
    priority: HIGH_PRIORITY,
    carries: { "hold-order": SIGNED },
    purpose: "captures and cancellations of payments that hold money",
  },
  refund: {
    ...CYCLE,
    address: "refund",
    kind: "queue",
    priority: HIGH_PRIORITY,
    carries: { refund: SIGNED },
    purpose: "accepted refunds",
  },
  refundResult: {
    ...CYCLE,
    address: "refund-result",
    kind: "topic",
    priority: MEDIUM_PRIORITY,
    carries: {
      "refund-result": { ...SIGNED, selector: VERDICTS },
      "refund-end": { ...SIGNED, selector: ENDS },
    },
    subscriptionSuffix: "-refunds",
    purpose: "refunds that the merchant's bank debited or declined, and how each ended",
  },
  payout: {
    ...CYCLE,
    address: "payout",
    kind: "queue",
    priority: MEDIUM_PRIORITY,
    carries: { payout: SIGNED },
    purpose: "money of merchants that was paid out",
  },
  paymentUpdate: {
    address: "payment-update",
    kind: "topic",
    priority: MEDIUM_PRIORITY,
    deliveryMode: "non-persistent",
    carries: { "payment-update": SIGNED, "refund-update": SIGNED },
    purpose: "each change of a payment or a refund that is watched",
  },
  gatewayNotice: {
    address: "gateway-notice",
    kind: "topic",
    priority: MEDIUM_PRIORITY,
    deliveryMode: "non-persistent",
    carries: { "gateway-notice": SIGNED },
    purpose: "which payments and refunds a gateway watches, and where it takes several replies in one message",
  },
  paymentRead: {
    address: "payment-read",
    kind: "queue",
    priority: MEDIUM_PRIORITY,
    deliveryMode: "non-persistent",
    carries: { "payment-read": SIGNED },
    purpose: "requests to read payments, answered to JMSReplyTo",
  },
  clientManagement: {
    ...MANAGEMENT,
    address: "client-management",
    carries: { "client-management": SIGNED },
    purpose: "calls of the management API of clients, answered to JMSReplyTo",
  },
  cardRegistration: {
    ...MANAGEMENT,
    address: "card-registration",
    carries: { "card-registration": SIGNED },
    purpose: "sealed cards that an operator gives to clients, answered to JMSReplyTo",
  },
  merchantManagement: {
    ...MANAGEMENT,
    address: "merchant-management",
    carries: { "merchant-management": SIGNED },
    purpose: "calls of the management API of merchants, answered to JMSReplyTo",
  },
  notificationManagement: {
    ...MANAGEMENT,
    address: "notification-management",
    carries: { "notification-management": SIGNED },
    purpose: "calls of the management API of templates and webhooks, answered to JMSReplyTo",
  },
} as const satisfies Record<string, ChannelRow>;

/** The name that the code uses for a channel. */
export type ChannelName = keyof typeof CHANNEL_TABLE;

/** Kinds without a channel: answers, which go to the temporary queue that the asker named. They are signed. */
export const ANSWER_KINDS = [
  "gateway-reply",
  "gateway-replies",
  "refund-reply",
  "refund-replies",
  "payment-read-reply",
  "client-management-reply",
  "card-registration-reply",
  "merchant-management-reply",
  "notification-management-reply",
] as const;

type CarriedBy<Row> = Row extends { readonly carries: infer Kinds } ? keyof Kinds : never;
/** A JMSType of the system. */
export type MessageKind = CarriedBy<(typeof CHANNEL_TABLE)[ChannelName]> | (typeof ANSWER_KINDS)[number];
