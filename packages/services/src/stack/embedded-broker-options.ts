/** The embedded broker as the system's broker: addresses, users and rights from the queue map. */
import type { BrokerOptions, BrokerTlsOptions, BrokerUser } from "@quittance/sdk/testing";
import {
  ALL_CHANNELS,
  BROKER_USERS,
  type BrokerUserName,
  consumersOf,
  DURABLE_CHANNELS,
  deadLetterAddress,
  MAXIMUM_DELIVERIES,
  REDELIVERY_DELAY_MS,
  TEMPORARY_QUEUES,
} from "../shared/queue-map.js";

/**
 * The largest message that a client may send. Those of the cycle have about 1 KiB; the answer to a read of 1,000 payments
 * with the longest texts has 1.4 MB.
 */
const MAXIMUM_MESSAGE_BYTES = 2 * 1024 * 1024;

/** What the embedded broker needs to be the system's broker. `passwords` has one for each user of the map. */
export function embeddedBrokerOptions(
  passwords: Readonly<Record<BrokerUserName, string>>,
  tls?: BrokerTlsOptions,
): BrokerOptions {
  return {
    autoCreate: false,
    maximumDeliveries: MAXIMUM_DELIVERIES,
    redeliveryDelayMs: REDELIVERY_DELAY_MS,
    maximumMessageSize: MAXIMUM_MESSAGE_BYTES,
    addresses: [
      ...ALL_CHANNELS.map((channel) => ({
        address: channel.address,
        kind: channel.kind,
        subscriptions: channel.subscriptions.map(({ name, selector }) => ({ name, selector })),
        ...(channel.deliveryMode === "persistent" ? { deadLetterAddress: deadLetterAddress(channel) } : {}),
      })),
      ...DURABLE_CHANNELS.map((channel) => ({ address: deadLetterAddress(channel), kind: "queue" as const })),
    ],
    ...(tls && { tls }),
    users: BROKER_USERS.map((name) => ({
      ...embeddedUser(name, passwords[name]),
      // Each certificate bears its holder's name.
      ...(tls?.ca !== undefined && { certificate: name }),
    })),
  };
}

function embeddedUser(name: BrokerUserName, password: string): BrokerUser {
  if (name === "operator") return operator(password);
  if (name === "auditor") return auditor(password);
  const owns = (TEMPORARY_QUEUES.owners as readonly string[]).includes(name);
  const reads = ALL_CHANNELS.filter((channel) => channel.readers.includes(name));
  const writes = ALL_CHANNELS.filter((channel) => channel.writers.includes(name)).map((channel) => channel.address);
  const setsAside = DURABLE_CHANNELS.filter((channel) => consumersOf(channel).includes(name)).map(deadLetterAddress);
  return {
    name,
    password,
    send: [...writes, ...setsAside],
    sendTemporary: (TEMPORARY_QUEUES.writers as readonly string[]).includes(name),
    consume: [
      ...reads.map((channel) => channel.address),
      ...ALL_CHANNELS.flatMap((channel) =>
        channel.subscriptions
          .filter((subscription) => subscription.reader === name)
          .map((subscription) => `${channel.address}.${subscription.name}`),
      ),
    ],
    browse: [],
    subscribe: reads.filter(({ kind }) => kind === "topic").map(({ address }) => address),
    temporary: owns,
  };
}

const DEAD_LETTERS = DURABLE_CHANNELS.map(deadLetterAddress);

/** Takes what is dead, and sends it where it died. */
function operator(password: string): BrokerUser {
  return {
    name: "operator",
    password,
    send: DURABLE_CHANNELS.map(({ address }) => address),
    consume: DEAD_LETTERS,
    browse: DEAD_LETTERS,
  };
}

/** Looks into whatever keeps its messages, and takes nothing. */
function auditor(password: string): BrokerUser {
  const waiting = DURABLE_CHANNELS.flatMap((channel) =>
    channel.kind === "queue"
      ? [channel.address]
      : channel.subscriptions.map((subscription) => `${channel.address}.${subscription.name}`),
  );
  return { name: "auditor", password, browse: [...waiting, ...DEAD_LETTERS] };
}
