/**
 * Every user of the broker tries everything at every place of the queue map. What the map does not tell must be refused,
 * and what it tells must work. On the embedded broker, and on Artemis in its suite.
 */
import { randomUUID } from "node:crypto";
import {
  type Connection,
  connect,
  type Destination,
  MessagingError,
  type MessagingErrorCode,
  queue,
  type Subscription,
  topic,
} from "@quittance/sdk";
import { expect } from "chai";
import { MANAGEMENT_ADDRESS, MANAGEMENT_REPLIES } from "../../dist/operator/broker-configuration.js";
import {
  ALL_CHANNELS,
  BROKER_USERS,
  type BrokerUserName,
  CHANNELS,
  type Channel,
  consumersOf,
  DURABLE_CHANNELS,
  deadLetterAddress,
  deadLetterDestination,
  destinationOf,
  TEMPORARY_QUEUES,
} from "../../dist/shared/queue-map.js";
import { useSystemBroker } from "../support/system-broker.js";

/** How long a message that must come may take. */
const RECEIVE_MS = 20_000;
const UNKNOWN = "nobody-knows";

/** One thing that one user may do at one place, or may not. */
interface Edge {
  readonly user: BrokerUserName;
  readonly deed: string;
  readonly isAllowed: boolean;
  readonly attempt: (connection: Connection) => Promise<void>;
  /** How it may be refused [a right is missing]. */
  readonly refusals?: readonly MessagingErrorCode[];
}

const NOT_THERE: readonly MessagingErrorCode[] = ["not-authorized", "not-found"];

describe(`The rights of a user of the broker, ${process.env.QUITTANCE_TEST_BROKER ?? "embedded"}`, function () {
  this.timeout(90_000);
  const counts = { tried: 0, refused: 0, worked: 0 };
  const connections = new Map<BrokerUserName, Connection>();
  after(() =>
    console.log(
      `    the broker: ${counts.tried} edges tried, ${counts.refused} refused, ${counts.worked} allowed and shown to work`,
    ),
  );
  const broker = useSystemBroker();

  before(async () => {
    for (const user of BROKER_USERS) connections.set(user, await broker().connectAs(user));
  });

  /** Tries each, and fails with all that went otherwise than it must. */
  async function tryAll(edges: readonly Edge[]): Promise<void> {
    const wrong: string[] = [];
    for (const { user, deed, isAllowed, attempt, refusals = ["not-authorized"] } of edges) {
      const failure = await attempt(connections.get(user) as Connection).then(
        () => undefined,
        (error: unknown) => error,
      );
      const isRefused = failure instanceof MessagingError && refusals.includes(failure.code);
      counts.tried += 1;
      if (isRefused) counts.refused += 1;
      if (failure === undefined) counts.worked += 1;
      if (isAllowed ? failure === undefined : isRefused) continue;
      wrong.push(`${user} ${deed}: ${failure === undefined ? "worked" : failure}`);
    }
    expect(wrong).to.deep.equal([]);
  }

  const byEachUser = (edgesOf: (user: BrokerUserName) => readonly Edge[]) => BROKER_USERS.flatMap(edgesOf);

  it("is none for whoever has no password of the system", async () => {
    for (const user of [...BROKER_USERS, "admin", "guest"]) {
      const url = broker()
        .urlOf("gateway")
        .replace(/\/\/.*@/, `//${user}:another@`);
      const failure = await connect(url, { reconnect: false }).catch((error: unknown) => error);
      expect(failure, user).to.include({ code: "authentication-failed" });
    }
    const nobody = broker()
      .urlOf("gateway")
      .replace(/\/\/.*@/, "//");
    const failure = await connect(nobody, { reconnect: false }).catch((error: unknown) => error);
    expect(failure, "without a user").to.include({ code: "authentication-failed" });
  });

  it("reaches the volatile subscriptions of those who read a topic so, and gets what is sent", async () => {
    const topics = ALL_CHANNELS.filter(({ kind }) => kind === "topic");
    const edges = (user: BrokerUserName) =>
      topics.map((channel) => ({
        user,
        deed: `subscribe to ${channel.address}`,
        isAllowed: channel.readers.includes(user),
        attempt: async (connection: Connection) => {
          await using consumer = await connection.createConsumer(destinationOf(channel), { acknowledge: "auto" });
          await send(connections.get(channel.writers[0] as BrokerUserName) as Connection, channel);
          await one(consumer);
        },
      }));
    await tryAll(byEachUser(edges));
  });

  it("reaches those who write for each address, by a link of its own and by the anonymous relay", async () => {
    const edges = (user: BrokerUserName): Edge[] => [
      ...ALL_CHANNELS.flatMap((channel) => {
        const isAllowed = channel.writers.includes(user) || (user === "operator" && isKept(channel));
        return [
          { user, deed: `send to ${channel.address}`, isAllowed, attempt: (own: Connection) => send(own, channel) },
          {
            user,
            deed: `send to ${channel.address} by the relay`,
            isAllowed,
            attempt: (own: Connection) => relay(own, destinationOf(channel)),
          },
        ];
      }),
      ...DURABLE_CHANNELS.flatMap((channel) => {
        const isAllowed = consumersOf(channel).includes(user);
        const letters = deadLetterDestination(channel);
        return [
          {
            user,
            deed: `set aside on ${letters.address}`,
            isAllowed,
            attempt: (own: Connection) => sendTo(own, letters),
          },
          { user, deed: `relay to ${letters.address}`, isAllowed, attempt: (own: Connection) => relay(own, letters) },
        ];
      }),
    ];
    await tryAll(byEachUser(edges));
  });

  it("to look is the auditor's in every queue that keeps its messages, and the operator's in those of dead letters", async () => {
    const edges = (user: BrokerUserName): Edge[] =>
      [
        ...ALL_CHANNELS.flatMap((channel) => queuesOf(channel).map((address) => ({ address, kept: isKept(channel) }))),
        ...DURABLE_CHANNELS.map((channel) => ({ address: deadLetterAddress(channel), kept: true, dead: true })),
      ].map(({ address, kept, ...rest }) => ({
        user,
        deed: `browse ${address}`,
        isAllowed: (user === "auditor" && kept) || (user === "operator" && "dead" in rest),
        attempt: async (connection) => {
          await using browser = await connection.createBrowser(queue(address));
          for await (const _ of browser) return;
          throw new Error("Nothing was seen of what was sent before.");
        },
      }));
    await tryAll(byEachUser(edges));
  });

  it("deletes no subscription and no queue, whoever asks", async () => {
    const subscriptions = ALL_CHANNELS.flatMap((channel) =>
      channel.subscriptions.map(({ name }) => ({ channel, name })),
    );
    for (const user of BROKER_USERS) {
      // A broker may answer that it has closed the subscription, as long as that is still there with its messages.
      for (const { name } of subscriptions)
        await connections
          .get(user)
          ?.unsubscribe(name)
          .catch(() => undefined);
    }
    const auditor = connections.get("auditor") as Connection;
    for (const { channel, name } of subscriptions) {
      await using browser = await auditor.createBrowser(queue(`${channel.address}::${name}:global`));
      let count = 0;
      for await (const _ of browser) count += 1;
      expect(count, name).to.be.greaterThan(0);
    }
    counts.tried += subscriptions.length * BROKER_USERS.length;
    counts.refused += subscriptions.length * BROKER_USERS.length;
  });

  it("reaches those who read for each queue and subscription, by whatever name", async () => {
    const edges = (user: BrokerUserName): Edge[] => [
      ...ALL_CHANNELS.filter(({ kind }) => kind === "queue").map((channel) => ({
        user,
        deed: `consume from ${channel.address}`,
        isAllowed: channel.readers.includes(user),
        attempt: (own: Connection) => take(own, destinationOf(channel)),
      })),
      ...ALL_CHANNELS.flatMap((channel) =>
        channel.subscriptions.flatMap(({ name, reader }) => {
          const isAllowed = user === reader;
          const subscription = { name, durable: true, shared: true };
          return [
            {
              user,
              deed: `consume from the subscription ${name}`,
              isAllowed,
              attempt: (own: Connection) => take(own, destinationOf(channel), subscription),
            },
            {
              user,
              deed: `consume from the queue of ${name}`,
              isAllowed,
              attempt: (own: Connection) => take(own, queue(`${channel.address}::${name}:global`)),
            },
          ];
        }),
      ),
      ...DURABLE_CHANNELS.map((channel) => ({
        user,
        deed: `consume from ${deadLetterAddress(channel)}`,
        isAllowed: user === "operator",
        attempt: (own: Connection) => take(own, deadLetterDestination(channel)),
      })),
    ];
    await tryAll(byEachUser(edges));
  });

  it("makes no address, no queue and no durable subscription, whoever asks", async () => {
    const edges = (user: BrokerUserName): Edge[] => {
      const refused = (deed: string, attempt: Edge["attempt"], refusals = NOT_THERE): Edge => ({
        ...{ user, deed, attempt, refusals },
        isAllowed: false,
      });
      const named = { name: UNKNOWN, durable: true, shared: true };
      return [
        refused("send to an unknown queue", (own) => sendTo(own, queue(UNKNOWN))),
        refused("send to an unknown topic", (own) => sendTo(own, topic(UNKNOWN))),
        refused("relay to an unknown queue", (own) => relay(own, queue(UNKNOWN)), [...NOT_THERE, "rejected"]),
        refused("relay to an unknown topic", (own) => relay(own, topic(UNKNOWN)), [...NOT_THERE, "rejected"]),
        refused("consume from an unknown queue", (own) => take(own, queue(UNKNOWN))),
        refused("subscribe to an unknown topic", (own) => take(own, topic(UNKNOWN))),
        ...ALL_CHANNELS.filter(({ kind }) => kind === "topic").flatMap((channel) => [
          refused(`make a durable subscription of ${channel.address}`, (own) =>
            take(own, destinationOf(channel), named),
          ),
          refused(`make a queue on ${channel.address}`, (own) => take(own, queue(`${channel.address}::${UNKNOWN}`))),
        ]),
      ];
    };
    await tryAll(byEachUser(edges));
  });

  it("manages nothing, whoever asks, but for the figures of queues, which Artemis tells the auditor", async () => {
    const onArtemis = process.env.QUITTANCE_TEST_BROKER === "artemis";
    const mayAsk = (user: BrokerUserName) => onArtemis && user === "auditor";
    const links = (user: BrokerUserName): Edge[] =>
      [MANAGEMENT_ADDRESS, "$management", "activemq.notifications"]
        .flatMap((address) => [
          ["send to", address, (own: Connection) => sendTo(own, queue(address))] as const,
          ["relay to", address, (own: Connection) => relay(own, queue(address))] as const,
          ["consume from", address, (own: Connection) => take(own, topic(address))] as const,
        ])
        .map(([deed, address, attempt]) => ({
          ...{ user, deed: `${deed} ${address}`, attempt },
          isAllowed: mayAsk(user) && deed !== "consume from" && address === MANAGEMENT_ADDRESS,
          refusals: [...NOT_THERE, "rejected"],
        }));
    await tryAll(byEachUser(links).filter(({ user, deed }) => !(mayAsk(user) && deed.startsWith("relay"))));
    const asks = (user: BrokerUserName): Edge[] =>
      (
        [
          ["broker", "listQueues", ["", 1, 100]],
          ["broker", "createAddress", ["mine", "ANYCAST"]],
          ["broker", "createQueue", ["mine", "mine", "ANYCAST"]],
          ["broker", "destroyQueue", [CHANNELS.payment.address]],
          ["broker", "deleteAddress", [CHANNELS.payment.address, true]],
          ["broker", "addUser", ["mine", "mine", "auditor", false]],
          ["broker", "forceFailover", []],
          ["broker", "closeConnectionsForUser", ["gateway"]],
          [`queue.${CHANNELS.payment.address}`, "removeAllMessages", []],
          [`queue.${CHANNELS.payment.address}`, "browse", []],
          [`queue.${CHANNELS.payment.address}`, "pause", []],
          [`address.${CHANNELS.payment.address}`, "sendMessage", [{}, 4, "eA==", true, "gateway", "x"]],
        ] as const
      ).map(([resource, operation, args]) => ({
        user,
        deed: `ask ${resource} to ${operation}`,
        isAllowed: mayAsk(user) && operation === "listQueues",
        attempt: (own) => manage(own, resource, operation, args),
        refusals: NOT_THERE,
      }));
    await tryAll(byEachUser(asks));
  });

  it("makes queues for replies for those who ask, which those who answer send to, and which nobody reads who asks nothing", async () => {
    const owners: readonly BrokerUserName[] = TEMPORARY_QUEUES.owners;
    const writers: readonly BrokerUserName[] = TEMPORARY_QUEUES.writers;
    await tryAll(
      byEachUser((user) => [
        {
          user,
          deed: "make a queue for replies",
          isAllowed: owners.includes(user),
          attempt: async (connection) => void (await connection.createTemporaryQueue()),
        },
      ]),
    );
    // Artemis has one right for all temporary queues, whoever made them.
    const mayRead = (user: BrokerUserName) => process.env.QUITTANCE_TEST_BROKER === "artemis" && owners.includes(user);
    for (const owner of owners) {
      const replies = await (connections.get(owner) as Connection).createTemporaryQueue();
      const others = BROKER_USERS.filter((user) => user !== owner);
      const writer = writers.find((user) => user !== owner) as BrokerUserName;
      await sendTo(connections.get(writer) as Connection, queue(replies.address));
      await tryAll(
        others.flatMap((user): Edge[] => [
          {
            user,
            deed: `answer ${owner}`,
            isAllowed: writers.includes(user),
            attempt: (own) => sendTo(own, queue(replies.address)),
          },
          {
            user,
            deed: `read answers of ${owner}`,
            isAllowed: mayRead(user),
            attempt: (own) => take(own, queue(replies.address)),
          },
          {
            user,
            deed: `browse answers of ${owner}`,
            isAllowed: false,
            attempt: async (own) => await (await own.createBrowser(queue(replies.address))).close(),
          },
        ]),
      );
    }
  });
});

/** Whether its messages outlive a restart. */
function isKept(channel: Channel): boolean {
  return channel.deliveryMode === "persistent";
}

function queuesOf(channel: Channel): string[] {
  return channel.kind === "queue"
    ? [channel.address]
    : channel.subscriptions.map(({ name }) => `${channel.address}::${name}:global`);
}

/** Sends what each subscription's selector lets through, and waits for the broker's word. */
async function send(connection: Connection, channel: Channel): Promise<void> {
  await sendTo(connection, destinationOf(channel));
  if (channel.subscriptions.length > 0) await sendTo(connection, destinationOf(channel), { final: true });
}

async function sendTo(
  connection: Connection,
  to: Destination,
  properties: Record<string, boolean> = {},
): Promise<void> {
  await using producer = await connection.createProducer(to);
  await producer.send({ text: "a right is tried", properties });
}

/** Asks the broker's management, and fails as the broker's rights do when it answers that they are too small. */
async function manage(own: Connection, resource: string, operation: string, args: readonly unknown[]): Promise<void> {
  await using replies = await own.createConsumer(queue(MANAGEMENT_REPLIES), { acknowledge: "auto" });
  await using producer = await own.createProducer(queue(MANAGEMENT_ADDRESS), { deliveryMode: "non-persistent" });
  const correlationId = randomUUID();
  await producer.send({
    ...{ text: JSON.stringify(args), correlationId, replyTo: queue(MANAGEMENT_REPLIES) },
    properties: { _AMQ_ResourceName: resource, _AMQ_OperationName: operation },
  });
  for (;;) {
    const reply = await replies.receive({ timeoutMs: RECEIVE_MS });
    if (reply === undefined) throw new Error("The management does not answer.");
    if (reply.correlationId !== correlationId) continue;
    if (reply.properties._AMQ_OperationSucceeded === true) return;
    if (reply.text?.includes("AMQ229032")) throw new MessagingError("not-authorized", reply.text);
    throw new Error(reply.text);
  }
}

async function relay(connection: Connection, to: Destination): Promise<void> {
  await using producer = await connection.createProducer(undefined);
  await producer.send({ text: "a right is tried" }, { destination: to });
}

async function take(connection: Connection, from: Destination, subscription?: Subscription): Promise<void> {
  await using consumer = await connection.createConsumer(from, {
    acknowledge: "auto",
    creditWindow: 1,
    ...(subscription && { subscription }),
  });
  await one(consumer);
}

async function one(consumer: { receive(options: { timeoutMs: number }): Promise<unknown> }): Promise<void> {
  if ((await consumer.receive({ timeoutMs: RECEIVE_MS })) === undefined) throw new Error("Nothing came.");
}
