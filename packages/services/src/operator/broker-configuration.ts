/** Artemis's configuration, derived from the queue map: addresses, rights, dead letters. */
import {
  ALL_CHANNELS,
  type BrokerUserName,
  type Channel,
  consumersOf,
  DURABLE_CHANNELS,
  deadLetterAddress,
  MAXIMUM_DELIVERIES,
  REDELIVERY_DELAY_MS,
  TEMPORARY_QUEUES,
} from "../shared/queue-map.js";

/** Bytes that one address holds in memory before Artemis pages its messages to disk. */
const MAXIMUM_SIZE_BYTES = 64 * 1024 * 1024;
type Permission =
  | "send"
  | "consume"
  | "browse"
  | "createNonDurableQueue"
  | "deleteNonDurableQueue"
  | "createAddress"
  | "manage"
  | "view";

/** Where Artemis takes management messages, and where the monitor has their answers sent. */
export const MANAGEMENT_ADDRESS = "activemq.management";
export const MANAGEMENT_REPLIES = "management-replies";

/** One `security-setting`: who may do what on the addresses that `match` covers. */
function securitySetting(match: string, rights: Partial<Record<Permission, readonly BrokerUserName[]>>): string {
  const permissions = Object.entries(rights)
    .filter(([, roles]) => roles.length > 0)
    .map(([type, roles]) => `        <permission type="${type}" roles="${[...new Set(roles)].join(",")}"/>`);
  return [`      <security-setting match="${match}">`, ...permissions, "      </security-setting>"].join("\n");
}

/**
 * The operator takes from the queues of dead letters, which it may send where they died. The auditor looks into every
 * queue that keeps its messages.
 */
function securityOf(channel: Channel): string[] {
  const volatileReaders = channel.kind === "topic" ? channel.readers : [];
  const durable = channel.deliveryMode === "persistent";
  const settings = [
    securitySetting(channel.address, {
      send: durable ? [...channel.writers, "operator"] : channel.writers,
      consume: channel.readers,
      browse: durable && channel.kind === "queue" ? ["auditor"] : [],
      createNonDurableQueue: volatileReaders,
      deleteNonDurableQueue: volatileReaders,
    }),
    // A match on `address.queue` adds a right for that one queue: a reader reaches its own subscription and no other.
    ...channel.subscriptions.map((subscription) =>
      securitySetting(`${channel.address}.${subscription.name}:global`, {
        consume: [subscription.reader],
        browse: ["auditor"],
      }),
    ),
  ];
  if (durable) {
    settings.push(
      securitySetting(deadLetterAddress(channel), {
        send: consumersOf(channel),
        consume: ["operator"],
        browse: ["operator", "auditor"],
      }),
    );
  }
  return settings;
}

/**
 * The auditor may ask for the figures of queues and of the disk, and may have nothing changed: with
 * `management-message-rbac` each operation and attribute is a right of its own, under `mops`.
 */
function managementSecurity(): string[] {
  const queues = [...ALL_CHANNELS.flatMap(queuesOf), ...DURABLE_CHANNELS.map(deadLetterAddress)];
  const looks = [
    "broker.listQueues",
    "broker.getDiskStoreUsage",
    ...queues.map((name) => `queue.${name}.getFirstMessageAge`),
  ];
  return [
    securitySetting(MANAGEMENT_ADDRESS, { send: ["auditor"], manage: ["auditor"] }),
    securitySetting(MANAGEMENT_REPLIES, { send: ["auditor"], consume: ["auditor"] }),
    ...looks.map((look) => securitySetting(`mops.${look}`, { view: ["auditor"] })),
  ];
}

/** The names of the queues that a channel has in Artemis. */
function queuesOf({ address, kind, subscriptions }: Channel): string[] {
  return kind === "queue" ? [address] : subscriptions.map(({ name }) => `${name}:global`);
}

function addressSettingOf(channel: Channel): string {
  return [
    `      <address-setting match="${channel.address}">`,
    ...(channel.deliveryMode === "persistent"
      ? [`        <dead-letter-address>${deadLetterAddress(channel)}</dead-letter-address>`]
      : []),
    `        <max-delivery-attempts>${MAXIMUM_DELIVERIES}</max-delivery-attempts>`,
    `        <redelivery-delay>${REDELIVERY_DELAY_MS}</redelivery-delay>`,
    `        <max-size-bytes>${MAXIMUM_SIZE_BYTES}</max-size-bytes>`,
    "        <address-full-policy>PAGE</address-full-policy>",
    "        <auto-create-queues>false</auto-create-queues>",
    "        <auto-create-addresses>false</auto-create-addresses>",
    "      </address-setting>",
  ].join("\n");
}

function addressOf(channel: Channel): string {
  const queues =
    channel.kind === "queue"
      ? [`        <anycast><queue name="${channel.address}"/></anycast>`]
      : channel.subscriptions.length === 0
        ? ["        <multicast/>"]
        : [
            "        <multicast>",
            ...channel.subscriptions.map(
              ({ name, selector }) => `          <queue name="${name}:global"><filter string="${selector}"/></queue>`,
            ),
            "        </multicast>",
          ];
  return [`      <address name="${channel.address}">`, ...queues, "      </address>"].join("\n");
}

/** One of two brokers with one store: the one that holds its lock serves, and the other waits for the lock. */
export interface PairMember {
  readonly role: "primary" | "backup";
  /** The folder of journal, bindings, paging and large messages, which both reach and can lock. */
  readonly store: string;
}

/**
 * Whoever serves goes on doing so when the other comes back: a second pause would bring nothing. A broker that is stopped
 * cleanly hands over too, so that one can be upgraded after the other.
 */
function pairPolicy({ role }: PairMember): string {
  const failback = role === "backup" ? "<allow-failback>false</allow-failback>" : "";
  return `    <ha-policy>
      <shared-store>
        <${role}><failover-on-shutdown>true</failover-on-shutdown>${failback}</${role}>
      </shared-store>
    </ha-policy>
`;
}

/** Artemis's broker.xml for the system. `acceptor` is the URL that it listens on, with its options. */
export function artemisBrokerXml(options: { readonly acceptor: string; readonly pair?: PairMember }): string {
  const store = options.pair?.store ?? "data";
  const deadLetters = DURABLE_CHANNELS.map(
    (channel): Channel => ({ ...channel, address: deadLetterAddress(channel), kind: "queue", subscriptions: [] }),
  );
  const temporary = securitySetting("temp.#", {
    send: TEMPORARY_QUEUES.writers,
    consume: TEMPORARY_QUEUES.owners,
    createNonDurableQueue: TEMPORARY_QUEUES.owners,
    deleteNonDurableQueue: TEMPORARY_QUEUES.owners,
  });
  return `<?xml version="1.0"?>
<!-- Generated from packages/services/src/shared/queue-map.ts by \`npm run generate\`; do not edit. -->
<configuration xmlns="urn:activemq">
  <core xmlns="urn:activemq:core">
    <name>quittance</name>
${options.pair === undefined ? "" : pairPolicy(options.pair)}    <journal-type>NIO</journal-type>
    <!-- Nanoseconds that a write may wait for others before the disk is synced: measured best for latency and rate. -->
    <journal-buffer-timeout>250000</journal-buffer-timeout>
    <paging-directory>${store}/paging</paging-directory>
    <bindings-directory>${store}/bindings</bindings-directory>
    <journal-directory>${store}/journal</journal-directory>
    <large-messages-directory>${store}/large-messages</large-messages-directory>
    <temporary-queue-namespace>temp</temporary-queue-namespace>
    <acceptors>
      <acceptor name="amqp">${options.acceptor}</acceptor>
    </acceptors>
    <management-message-rbac>true</management-message-rbac>
    <security-settings>
${[...ALL_CHANNELS.flatMap(securityOf), temporary, ...managementSecurity(), securitySetting("#", {})].join("\n")}
    </security-settings>
    <address-settings>
      <address-setting match="#">
        <auto-create-queues>false</auto-create-queues>
        <auto-create-addresses>false</auto-create-addresses>
      </address-setting>
${ALL_CHANNELS.map(addressSettingOf).join("\n")}
    </address-settings>
    <addresses>
${[...ALL_CHANNELS, ...deadLetters].map(addressOf).join("\n")}
      <address name="${MANAGEMENT_REPLIES}">
        <anycast><queue name="${MANAGEMENT_REPLIES}"><durable>false</durable></queue></anycast>
      </address>
    </addresses>
  </core>
</configuration>
`;
}

/** The acceptor of the broker.xml that is kept in deploy/artemis: every interface, AMQP alone. */
export const DEPLOYED_ACCEPTOR = "tcp://0.0.0.0:5672?protocols=AMQP";
