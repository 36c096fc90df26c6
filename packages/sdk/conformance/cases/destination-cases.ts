/** Temporary topics (section 4.2.7), no-local (8.3.1), unsubscribing (8.3.3), and destinations that are not there (10.3). */
import { type Consumer, MessagingError, queue, type Subscription, topic } from "@quittance/sdk";
import { expect } from "chai";
import type { CaseContext } from "../suite/case-context.js";
import type { ConformanceCase } from "../suite/conformance-case.js";
import { NOTHING_SHARED } from "./subscription-cases.js";

const ALWAYS_MADE: ConformanceCase["differs"] = {
  embedded: {
    why: "Here the broker makes each address as it is used: with `autoCreate: false` it makes none, and the error is the same.",
    seen: arrivesInClosed,
  },
  classic: {
    why: "Each address is made as it is used; there is no setting by which it is not.",
    seen: arrivesInClosed,
  },
};

export const DESTINATION_CASES: readonly ConformanceCase[] = [
  {
    id: "J-4.2-08",
    section: "4.2.7",
    title: "A temporary topic brings each message to each of its consumers",
    run: async (context) => {
      const destination = await (await context.connection()).createTemporaryTopic();
      const [one, other] = [await context.consumer(destination), await context.consumer(destination)];
      await context.send(destination, "x");
      for (const consumer of [one, other]) expect(await context.texts(consumer, 1)).to.deep.equal(["x"]);
    },
  },
  {
    id: "J-4.2-09",
    section: "4.2.7",
    title: "A temporary topic carries messages from other connections to its own",
    run: async (context) => {
      const destination = await (await context.connection()).createTemporaryTopic();
      const consumer = await context.consumer(destination);
      const producer = await (await context.connect()).createProducer(undefined);
      await producer.send({ text: "x" }, { destination });
      expect(await context.texts(consumer, 1)).to.deep.equal(["x"]);
    },
  },
  {
    id: "J-4.2-10",
    section: "4.2.7",
    title: "Each temporary topic is a topic of its own",
    run: async (context) => {
      const connection = await context.connection();
      const [one, other] = [await connection.createTemporaryTopic(), await connection.createTemporaryTopic()];
      const consumer = await context.consumer(other);
      await context.send(one, "for one");
      await context.send(other, "for the other");
      expect(await context.texts(consumer, 1)).to.deep.equal(["for the other"]);
    },
  },
  {
    id: "J-8.3-15",
    section: "8.3.1",
    title: "A consumer that asks for no messages of its own connection gets those of others alone",
    run: async (context) => {
      const destination = context.topic();
      const consumer = await context.consumer(destination, { noLocal: true });
      const witness = await context.consumer(destination);
      await context.send(destination, "own");
      const producer = await (await context.connect()).createProducer(destination);
      await producer.send({ text: "foreign" });
      expect(await context.texts(witness, 2)).to.deep.equal(["own", "foreign"]);
      expect(await context.texts(consumer, 1)).to.deep.equal(["foreign"]);
    },
  },
  {
    id: "J-8.3-16",
    section: "8.3.1",
    title: "For a queue no-local is refused",
    run: async (context) => {
      const attach = context.consumer(context.queue(), { noLocal: true });
      expect(await attach.catch((reason: unknown) => reason)).to.have.property("code", "invalid-argument");
    },
  },
  {
    id: "J-8.3-17",
    section: "8.3.3",
    title: "Unsubscribing deletes a durable subscription with its messages",
    run: async (context) => {
      const { client, destination, subscription } = await subscribed(context);
      await context.send(destination, "lost");
      await client.unsubscribe(subscription.name);
      const consumer = await client.createConsumer(destination, { subscription });
      expect(await context.rest(consumer)).to.deep.equal([]);
    },
  },
  {
    id: "J-8.3-18",
    section: "8.3.3",
    title: "A subscription that has a consumer cannot be unsubscribed, and lives on",
    run: async (context) => {
      const { client, destination, subscription } = await subscribed(context);
      const consumer = await client.createConsumer(destination, { subscription });
      const attempt = client.unsubscribe(subscription.name);
      expect(await attempt.catch((reason: unknown) => reason)).to.have.property("code", "invalid-argument");
      await context.send(destination, "x");
      expect(await context.texts(consumer, 1)).to.deep.equal(["x"]);
    },
  },
  {
    id: "J-8.3-19",
    section: "8.3.3",
    title: "Unsubscribing what does not exist is an error",
    run: async (context) => {
      const attempt = (await context.connect({ clientId: context.name() })).unsubscribe("never");
      expect(await attempt.catch((reason: unknown) => reason)).to.have.property("code", "not-found");
    },
  },
  {
    id: "J-8.3-20",
    section: "8.3.4",
    title: "Unsubscribing deletes a shared durable subscription with its messages",
    differs: NOTHING_SHARED,
    run: async (context) => {
      const destination = context.topic();
      const subscription: Subscription = { name: context.name() };
      await (await context.consumer(destination, { subscription })).close();
      await context.send(destination, "lost");
      await (await context.connection()).unsubscribe(subscription.name);
      expect(await context.rest(await context.consumer(destination, { subscription }))).to.deep.equal([]);
    },
  },
  {
    id: "J-8.3-21",
    section: "8.3.4",
    title: "A selector counts, or is refused, also for a subscription that the broker's configuration made",
    run: async (context) => {
      const { address, name } = context.predefinedSubscription();
      const destination = topic(address);
      const options = { subscription: { name }, selector: "colour = 'red' OR last = TRUE" };
      const consumer = await context.consumer(destination, options).catch((reason: unknown) => reason);
      if (consumer instanceof MessagingError) return;
      await context.send(destination, { text: "blue", properties: { colour: "blue" } });
      expect(await context.rest(consumer as Consumer)).to.deep.equal([]);
    },
    differs: {
      artemis: {
        why: "The selector is that of the broker's configuration; the client's is said back as if it counted, so that no client can know. Give such a subscription its selector in the configuration.",
        seen: async (context) => {
          const { address, name } = context.predefinedSubscription();
          const destination = topic(address);
          const options = { subscription: { name }, selector: "colour = 'red' OR last = TRUE" };
          const consumer = await context.consumer(destination, options);
          await context.send(destination, { text: "blue", properties: { colour: "blue" } });
          expect(await context.rest(consumer)).to.deep.equal(["blue"]);
        },
      },
      ...NOTHING_SHARED,
    },
  },
  {
    id: "J-4.1-16",
    section: "4.1.4",
    title: "One queue of an address is named as `address::queue`",
    run: async (context) => {
      const name = context.name();
      await context.send(queue(name), "x");
      expect(await context.texts(await context.consumer(queue(`${name}::${name}`)), 1)).to.deep.equal(["x"]);
    },
    differs: {
      classic: {
        why: "`a::b` is a queue of that name: there is nothing below an address.",
        seen: async (context) => {
          const name = context.name();
          await context.send(queue(name), "x");
          await context.send(queue(`${name}::${name}`), "y");
          expect(await context.texts(await context.consumer(queue(`${name}::${name}`)), 1)).to.deep.equal(["y"]);
          expect(await context.texts(await context.consumer(queue(name)), 1)).to.deep.equal(["x"]);
        },
      },
    },
  },
  {
    id: "J-7.1-03",
    section: "7.1",
    title: "What a producer without a destination sends to a queue that nobody has used yet waits there",
    run: async (context) => {
      const destination = context.queue();
      await (await context.producer(undefined)).send({ text: "kept" }, { destination });
      expect(await context.texts(await context.consumer(destination), 1)).to.deep.equal(["kept"]);
    },
  },
  {
    id: "J-10.3-01",
    section: "10.3",
    title: "A producer for a queue that is not there, and may not be made, is an error",
    differs: ALWAYS_MADE,
    run: async (context) => {
      const attach = context.producer(context.closedQueue());
      expect(await attach.catch((reason: unknown) => reason)).to.have.property("code", "not-found");
    },
  },
  {
    id: "J-10.3-02",
    section: "10.3",
    title: "A consumer of a queue that is not there, and may not be made, is an error",
    differs: ALWAYS_MADE,
    run: async (context) => {
      const attach = context.consumer(context.closedQueue());
      expect(await attach.catch((reason: unknown) => reason)).to.have.property("code", "not-found");
    },
  },
  {
    id: "J-10.3-03",
    section: "10.3",
    title: "What a producer without a destination sends to a queue that may not be made is an error, and not lost",
    differs: ALWAYS_MADE,
    run: async (context) => {
      const destination = context.closedQueue();
      const sending = (await context.producer(undefined)).send({ text: "x" }, { destination });
      expect(await sending.catch((reason: unknown) => reason)).to.have.property("name", "MessagingError");
    },
  },
];

async function arrivesInClosed(context: CaseContext): Promise<void> {
  const destination = context.closedQueue();
  await (await context.producer(undefined)).send({ text: "x" }, { destination });
  expect(await context.texts(await context.consumer(destination), 1)).to.deep.equal(["x"]);
}

/** A durable subscription of a client of its own, which nobody is attached to. */
async function subscribed(context: CaseContext) {
  const client = await context.connect({ clientId: context.name() });
  const destination = context.topic();
  const subscription: Subscription = { name: context.name(), shared: false };
  await (await client.createConsumer(destination, { subscription })).close();
  return { client, destination, subscription };
}
