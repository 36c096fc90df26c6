/**
 * The map of the system: every queue, topic and subscription, with its priority, who writes and who reads. It follows
 * from the tables of channels and of services; the broker's configuration, its users' rights and the table in
 * docs/payment-cycle.md follow from it.
 */
import { type Destination, queue, type Subscription, topic } from "@quittance/sdk";
import { ANSWER_KINDS, CHANNEL_TABLE, type ChannelName, type ChannelRow } from "../topology/channel-table.js";
import { SERVICES, type ServiceName, type StepRow, SYSTEM } from "../topology/system-table.js";

/**
 * Every service, and the two users of the operator's command line: `operator` replays and discards dead letters,
 * `auditor` looks into queues and takes nothing. Each has a broker user of its own name.
 */
export type BrokerUserName = ServiceName | "operator" | "auditor";
export const BROKER_USERS: readonly BrokerUserName[] = [...SERVICES, "operator", "auditor"];
export type { ServiceName };

/** A shared durable subscription of a topic. */
export interface ChannelSubscription {
  readonly name: string;
  readonly reader: BrokerUserName;
  /** JMS selector by which the broker chooses what is stored for it; consumers name the subscription and give none. */
  readonly selector: string;
}

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

/** A step of a service. */
interface ServiceStep extends StepRow {
  readonly service: ServiceName;
}

/** Every step of every service, in the order of the cycle; what is beside it comes last. */
const STEPS: readonly ServiceStep[] = SERVICES.flatMap((service) =>
  SYSTEM[service].steps.map((step) => ({ ...step, service })),
).sort((one, other) => placeOf(one).localeCompare(placeOf(other), "en"));

/** Numbers are in the order of the alphabet: 1 to 5c, then H1 to H3 and R1 to R4. */
function placeOf({ step }: StepRow): string {
  return step === undefined ? "beside" : `at ${step}`;
}

function channelOf(row: ChannelRow): Channel {
  const { address, kind, priority, deliveryMode, purpose } = row;
  const kinds = Object.keys(row.carries);
  const isCarried = (name: string) => kinds.includes(name);
  const writing = STEPS.filter(
    ({ reads, writes, postpones }) => writes.some(isCarried) || (postpones && reads.some(isCarried)),
  );
  const reading = Object.entries(row.carries).flatMap(([carried, { selector = "" }]) =>
    STEPS.filter(({ reads }) => reads.some((read) => read === carried)).map(({ service }) => ({ service, selector })),
  );
  const isDurableTopic = kind === "topic" && deliveryMode === "persistent";
  return {
    ...{ address, kind, priority, deliveryMode, purpose },
    writers: [...new Set(writing.map(({ service }) => service))],
    readers: isDurableTopic ? [] : [...new Set(reading.map(({ service }) => service))],
    subscriptions: !isDurableTopic
      ? []
      : reading.map(({ service, selector }) => ({
          name: `${service}${row.subscriptionSuffix ?? ""}`,
          reader: service,
          selector,
        })),
    steps: writing.flatMap(({ step }) => step ?? []),
  };
}

/** Every channel, by the name that the code uses. */
export const CHANNELS = Object.fromEntries(
  Object.entries(CHANNEL_TABLE).map(([name, row]) => [name, channelOf(row)]),
) as Readonly<Record<ChannelName, Channel>>;

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

const answers: readonly string[] = ANSWER_KINDS;
const servicesWhose = (isTheirs: (step: StepRow) => boolean): readonly ServiceName[] => [
  ...new Set(STEPS.filter(isTheirs).map(({ service }) => service)),
];

/** Services that make temporary queues for replies, and those that send to them. */
export const TEMPORARY_QUEUES: {
  readonly owners: readonly BrokerUserName[];
  readonly writers: readonly BrokerUserName[];
} = {
  owners: servicesWhose(({ reads }) => reads.some((kind) => answers.includes(kind))),
  writers: servicesWhose(({ writes }) => writes.some((kind) => answers.includes(kind))),
};

/** Deliveries of one message before the broker sets it aside by itself; services do so earlier. */
export const MAXIMUM_DELIVERIES = 10;

/** Waiting time before the broker offers a released message again. */
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
