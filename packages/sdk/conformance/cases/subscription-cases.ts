/** Topics (section 4.2) and subscriptions (8.3). */
import { type Connection, type Consumer, type Subscription, topic } from "@quittance/sdk";
import { expect } from "chai";
import type { ConformanceCase } from "../suite/conformance-case.js";

const NAME = "reader";

/** For cases of shared subscriptions. */
export const NOTHING_SHARED: ConformanceCase["differs"] = {
  classic: {
    why: "Shared subscriptions are not offered; the SDK refuses them with `not-supported` before anything is attached, for each consumer would get every message.",
    seen: async (context) => {
      for (const durable of [true, false]) {
        const attach = context.consumer(context.topic(), { subscription: { name: NAME, durable } });
        expect(await attach.catch((reason: unknown) => reason)).to.have.property("code", "not-supported");
      }
    },
  },
};

export const SUBSCRIPTION_CASES: readonly ConformanceCase[] = [
  {
    id: "J-4.2-01",
    section: "4.2.2",
    title: "Each subscription of a topic gets each message",
    run: async (context) => {
      const destination = context.topic();
      const one = await context.consumer(destination);
      const other = await (await context.connect()).createConsumer(destination);
      for (const text of ["1", "2"]) await context.send(destination, text);
      expect(await context.texts(one, 2)).to.deep.equal(["1", "2"]);
      expect(await context.texts(other, 2)).to.deep.equal(["1", "2"]);
    },
  },
  {
    id: "J-4.2-02",
    section: "4.2.2",
    title: "A subscription gets nothing of what was sent before it was made",
    run: async (context) => {
      const destination = context.topic();
      const witness = await context.consumer(destination);
      await context.send(destination, "before");
      await context.texts(witness, 1);
      const late = await context.consumer(destination);
      expect(await context.rest(late)).to.deep.equal([]);
    },
  },
  {
    id: "J-4.2-03",
    section: "4.2.2",
    title: "A message for a topic without subscriptions is accepted and forgotten",
    run: async (context) => {
      const destination = context.topic();
      await context.send(destination, "nobody");
      expect(await context.rest(await context.consumer(destination))).to.deep.equal([]);
    },
  },
  {
    id: "J-4.2-04",
    section: "4.2.2",
    title: "An acknowledgement counts for its own subscription alone",
    run: async (context) => {
      const destination = context.topic();
      const one = await context.consumer(destination);
      const other = await context.consumer(destination);
      await context.send(destination, "x");
      expect(await context.texts(one, 1)).to.deep.equal(["x"]);
      const message = await context.next(other);
      message.release({ failed: true });
      expect((await context.next(other)).deliveryCount).to.equal(2);
    },
  },
  {
    id: "J-8.3-01",
    section: "8.3.1",
    title: "A volatile subscription of one's own ends with its consumer",
    run: async (context) => {
      const destination = context.topic();
      const first = await context.consumer(destination);
      await first.close();
      await context.send(destination, "missed");
      expect(await context.rest(await context.consumer(destination))).to.deep.equal([]);
    },
  },
  {
    id: "J-8.3-02",
    section: "8.3.2",
    title: "Consumers of a shared volatile subscription share its messages",
    differs: NOTHING_SHARED,
    run: async (context) => {
      const destination = context.topic();
      const subscription = sharedVolatile(context);
      expect(await sharedBetween(await pair(context, destination, subscription, false))).to.equal(20);
    },
  },
  {
    id: "J-8.3-03",
    section: "8.3.2",
    title: "Consumers of different connections share a volatile subscription",
    differs: NOTHING_SHARED,
    run: async (context) => {
      const destination = context.topic();
      const subscription = sharedVolatile(context);
      expect(await sharedBetween(await pair(context, destination, subscription, true))).to.equal(20);
    },
  },
  {
    id: "J-8.3-04",
    section: "8.3.2",
    title: "A shared volatile subscription ends with its last consumer",
    differs: NOTHING_SHARED,
    run: async (context) => {
      const destination = context.topic();
      const subscription = sharedVolatile(context);
      const first = await context.consumer(destination, { subscription });
      await first.close();
      await context.send(destination, "missed");
      expect(await context.rest(await context.consumer(destination, { subscription }))).to.deep.equal([]);
    },
  },
  {
    id: "J-8.3-05",
    section: "8.3.3",
    title: "A durable subscription keeps messages while nobody is attached",
    run: async (context) => {
      const destination = context.topic();
      const clientId = context.name();
      const subscription: Subscription = { name: NAME, shared: false };
      await using first = await context.connect({ clientId });
      await (await first.createConsumer(destination, { subscription })).close();
      await context.send(destination, "kept");
      expect(await context.rest(await first.createConsumer(destination, { subscription }), destination)).to.deep.equal([
        "kept",
      ]);
    },
  },
  {
    id: "J-8.3-06",
    section: "8.3.3",
    title: "A durable subscription outlives its connection and is found again by client id and name",
    run: async (context) => {
      const destination = context.topic();
      const clientId = context.name();
      const subscription: Subscription = { name: NAME, shared: false };
      const first = await context.connect({ clientId });
      await first.createConsumer(destination, { subscription });
      await first.close();
      await context.send(destination, "kept");
      const second = await context.connect({ clientId });
      const consumer = await second.createConsumer(destination, { subscription });
      expect(await context.rest(consumer)).to.deep.equal(["kept"]);
    },
  },
  {
    id: "J-8.3-07",
    section: "8.3.3",
    title: "Durable subscriptions of one name are apart when their client ids are",
    run: async (context) => {
      const destination = context.topic();
      const subscription: Subscription = { name: NAME, shared: false };
      const one = await (await context.connect({ clientId: context.name() })).createConsumer(destination, {
        subscription,
      });
      const other = await (await context.connect({ clientId: context.name() })).createConsumer(destination, {
        subscription,
      });
      await context.send(destination, "x");
      expect(await context.texts(one, 1)).to.deep.equal(["x"]);
      expect(await context.texts(other, 1)).to.deep.equal(["x"]);
    },
  },
  {
    id: "J-8.3-08",
    section: "8.3.3",
    title: "A durable subscription that is not shared needs a client id",
    run: async (context) => {
      const attach = context.consumer(context.topic(), { subscription: { name: NAME, shared: false } });
      expect(await attach.catch((reason: unknown) => reason)).to.have.property("code", "invalid-argument");
    },
  },
  {
    id: "J-8.3-09",
    section: "8.3.4",
    title: "Consumers of a shared durable subscription share its messages, on one connection",
    differs: NOTHING_SHARED,
    run: async (context) => {
      expect(await sharedBetween(await pair(context, context.topic(), { name: context.name() }, false))).to.equal(20);
    },
  },
  {
    id: "J-8.3-10",
    section: "8.3.4",
    title: "Consumers of different connections share a durable subscription",
    differs: NOTHING_SHARED,
    run: async (context) => {
      expect(await sharedBetween(await pair(context, context.topic(), { name: context.name() }, true))).to.equal(20);
    },
  },
  {
    id: "J-8.3-11",
    section: "8.3.4",
    title: "A shared durable subscription keeps messages while nobody is attached",
    differs: NOTHING_SHARED,
    run: async (context) => {
      const destination = context.topic();
      const subscription: Subscription = { name: context.name() };
      const first = await context.connect();
      await first.createConsumer(destination, { subscription });
      await first.close();
      await context.send(destination, "kept");
      expect(await context.rest(await context.consumer(destination, { subscription }))).to.deep.equal(["kept"]);
    },
  },
  {
    id: "J-8.3-12",
    section: "8.3.4",
    title: "With a client id a shared durable subscription is the client's own",
    differs: NOTHING_SHARED,
    run: async (context) => {
      const destination = context.topic();
      const subscription: Subscription = { name: NAME };
      const [one, other] = await Promise.all([
        context.connect({ clientId: context.name() }),
        context.connect({ clientId: context.name() }),
      ]);
      const ofOne = await one.createConsumer(destination, { subscription });
      const ofOther = await other.createConsumer(destination, { subscription });
      await context.send(destination, "x");
      expect(await context.texts(ofOne, 1)).to.deep.equal(["x"]);
      expect(await context.texts(ofOther, 1)).to.deep.equal(["x"]);
    },
  },
  {
    id: "J-8.3-13",
    section: "8.3.4",
    title: "What a consumer of a shared subscription did not acknowledge goes to another",
    differs: NOTHING_SHARED,
    run: async (context) => {
      const destination = context.topic();
      const subscription: Subscription = { name: context.name() };
      const first = await context.connect();
      const consumer = await first.createConsumer(destination, { subscription });
      await context.send(destination, "x");
      await context.next(consumer);
      const other = await context.consumer(destination, { subscription });
      await first.close();
      expect(await context.texts(other, 1)).to.deep.equal(["x"]);
    },
  },
  {
    id: "J-8.3-14",
    section: "8.3.4",
    title: "A subscription with a selector keeps only what fits while nobody is attached",
    differs: NOTHING_SHARED,
    run: async (context) => {
      const destination = context.topic();
      const options = { subscription: { name: context.name() }, selector: "colour = 'red' OR last = TRUE" };
      const first = await context.connect();
      await first.createConsumer(destination, options);
      await first.close();
      await context.send(destination, { text: "blue", properties: { colour: "blue" } });
      await context.send(destination, { text: "red", properties: { colour: "red" } });
      expect(await context.rest(await context.consumer(destination, options))).to.deep.equal(["red"]);
    },
  },
  {
    id: "J-4.2-05",
    section: "4.2.4",
    title: "A subscription of a queue is refused",
    run: async (context) => {
      const attach = context.consumer(context.queue(), { subscription: { name: NAME } });
      expect(await attach.catch((reason: unknown) => reason)).to.have.property("code", "invalid-argument");
    },
  },
  {
    id: "J-4.2-06",
    section: "4.2.4",
    title: "A subscription's name is not empty and holds nothing that the wire gives a meaning",
    run: async (context) => {
      for (const name of ["", "a|b"]) {
        const attach = context.consumer(context.topic(), { subscription: { name } });
        expect(await attach.catch((reason: unknown) => reason)).to.have.property("code", "invalid-argument");
      }
    },
  },
  {
    id: "J-4.2-07",
    section: "4.2.6",
    title: "A topic is found by its name alone",
    run: async (context) => {
      const name = context.name();
      const consumer = await context.consumer(topic(name));
      await context.send(topic(name), "for the topic");
      const message = await context.next(consumer);
      expect(message.text).to.equal("for the topic");
      expect(message.destination).to.deep.equal(topic(name));
      message.accept();
    },
  },
];

type Context = Parameters<ConformanceCase["run"]>[0];

interface Pair {
  readonly consumers: readonly [Consumer, Consumer];
  readonly send: (text: string) => Promise<void>;
}

/**
 * A subscription whose name no other case has. Artemis names its queue without the topic, and deletes the queue some time
 * after the last consumer has closed: under the same name, the next case could get that queue, and no messages.
 */
function sharedVolatile(context: Context): Subscription {
  return { name: context.name(), durable: false, shared: true };
}

/** Two consumers of one subscription, on one connection or on two. */
async function pair(
  context: Context,
  destination: ReturnType<Context["topic"]>,
  subscription: Subscription,
  apart: boolean,
): Promise<Pair> {
  const one: Connection = await context.connection();
  const other = apart ? await context.connect() : one;
  const consumers = [
    await one.createConsumer(destination, { subscription, creditWindow: 1 }),
    await other.createConsumer(destination, { subscription, creditWindow: 1 }),
  ] as const;
  return { consumers, send: (text) => context.send(destination, text) };
}

/**
 * How many different messages are among the first twenty that two consumers get together: fewer than twenty if one came to
 * both. Each consumer must have got one at least.
 */
async function sharedBetween({ consumers, send }: Pair): Promise<number> {
  const counts = [0, 0];
  const texts: (string | undefined)[] = [];
  const all = Promise.withResolvers<void>();
  const reading = consumers.map(async (consumer, index) => {
    for await (const message of consumer) {
      counts[index] = (counts[index] ?? 0) + 1;
      message.accept();
      texts.push(message.text);
      // The last message may reach one consumer before the last but one reaches the other.
      if (texts.length === 20) all.resolve();
    }
  });
  for (let index = 1; index <= 20; index++) await send(`${index}`);
  await all.promise;
  await Promise.all(consumers.map((consumer) => consumer.close()));
  await Promise.all(reading);
  expect(Math.min(...counts), "the share of the one with less").to.be.at.least(1);
  return new Set(texts.slice(0, 20)).size;
}
