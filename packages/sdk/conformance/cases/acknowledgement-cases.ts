/** Acknowledge modes (section 6.2.10), recovery (6.2.11), groups (3.5.9) and the priority of consumers. */
import type { Consumer, Message } from "@quittance/sdk";
import { expect } from "chai";
import type { CaseContext } from "../suite/case-context.js";
import type { ConformanceCase } from "../suite/conformance-case.js";

export const ACKNOWLEDGEMENT_CASES: readonly ConformanceCase[] = [
  {
    id: "J-6.2-30",
    section: "6.2.10",
    title: "With acknowledge mode client, a message is acknowledged together with all before it",
    run: async (context) => {
      const { destination, consumer, messages } = await held(context, "client", 4);
      messages[2]?.accept();
      await consumer.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["3"]);
    },
  },
  {
    id: "J-6.2-31",
    section: "6.2.10",
    title: "With acknowledge mode client, nothing is acknowledged by itself",
    run: async (context) => {
      const { destination, consumer } = await held(context, "client", 3);
      await consumer.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["0", "1", "2"]);
    },
  },
  {
    id: "J-6.2-32",
    section: "6.2.11",
    title: "Recovering hands over again, in order, what was not acknowledged",
    run: async (context) => {
      const { consumer, messages } = await held(context, "client", 4);
      messages[0]?.accept();
      consumer.recover();
      expect(await context.texts(consumer, 3)).to.deep.equal(["1", "2", "3"]);
    },
  },
  {
    id: "J-6.2-33",
    section: "6.2.11",
    title: "What comes again by recovering is marked as redelivered",
    run: async (context) => {
      const { consumer, messages } = await held(context, "client", 1);
      expect(messages[0]?.redelivered).to.equal(false);
      consumer.recover();
      const again = await context.next(consumer);
      expect(again.redelivered).to.equal(true);
      again.accept();
      await consumer.close();
      expect(await context.rest(await context.consumer(consumer.destination))).to.deep.equal([]);
    },
  },
  {
    id: "J-6.2-34",
    section: "6.2.10",
    title: "With acknowledge mode dups-ok, what was handed over does not come again once its consumer is closed",
    run: async (context) => {
      const { destination, consumer } = await held(context, "dups-ok", 7);
      await context.send(destination, "7");
      await consumer.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["7"]);
    },
  },
  {
    id: "J-6.2-35",
    section: "6.2.10",
    title: "With acknowledge mode dups-ok a consumer gets more than its window holds",
    run: async (context) => {
      const { messages } = await held(context, "dups-ok", 50, 8);
      expect(messages.map(({ text }) => text)).to.deep.equal(Array.from({ length: 50 }, (_, index) => `${index}`));
    },
  },
  {
    id: "J-6.2-36",
    section: "6.2.10",
    title: "Messages acknowledged one by one in any order do not come again",
    run: async (context) => {
      const { consumer, messages } = await held(context, "individual", 12);
      for (const message of messages.toReversed()) {
        if (Number(message.text) % 2 === 0) message.accept();
        else message.release({ failed: true });
      }
      const odd = ["1", "3", "5", "7", "9", "11"];
      expect(await context.texts(consumer, 6)).to.have.members(odd);
      expect(await context.rest(consumer)).to.deep.equal([]);
    },
  },
  {
    id: "J-6.2-37",
    section: "6.2.11",
    title: "Recovering is refused in acknowledge modes that have nothing to recover",
    run: async (context) => {
      for (const acknowledge of ["individual", "auto", "dups-ok"] as const) {
        const consumer = await context.consumer(context.queue(), { acknowledge });
        expect(() => consumer.recover())
          .to.throw()
          .with.property("code", "invalid-argument");
      }
    },
  },
  {
    id: "J-3.5-16",
    section: "3.5.9",
    title: "Messages of one group go to one of several consumers, in order",
    run: async (context) => {
      const { texts } = await grouped(context);
      for (const group of ["a", "b", "c"]) {
        const shares = texts.map((share) => share.filter((text) => text.startsWith(group)));
        expect(shares.filter((share) => share.length > 0)).to.deep.equal([[`${group}0`, `${group}1`, `${group}2`]]);
      }
    },
  },
  {
    id: "J-3.5-17",
    section: "3.5.9",
    title: "A group goes to another consumer when its own closes",
    run: async (context) => {
      const destination = context.queue();
      const first = await context.consumer(destination);
      await context.send(destination, { text: "1", groupId: "g" });
      expect(await context.texts(first, 1)).to.deep.equal(["1"]);
      const second = await context.consumer(destination);
      await first.close();
      await context.send(destination, { text: "2", groupId: "g" });
      expect(await context.texts(second, 1)).to.deep.equal(["2"]);
    },
  },
  {
    id: "J-8.2-01",
    section: "8.2",
    title: "Of two consumers the one with the higher priority is served, as this SDK adds to JMS",
    run: async (context) => {
      const destination = context.queue();
      const low = await context.consumer(destination, { priority: 1 });
      const high = await context.consumer(destination, { priority: 5 });
      for (const text of ["1", "2", "3"]) await context.send(destination, text);
      expect(await context.texts(high, 3)).to.deep.equal(["1", "2", "3"]);
      expect(await low.receiveNoWait()).to.equal(undefined);
    },
    differs: {
      classic: {
        why: "The priority of a link is not read: the consumer that came first is served.",
        seen: async (context) => {
          const destination = context.queue();
          const low = await context.consumer(destination, { priority: 1 });
          const high = await context.consumer(destination, { priority: 5 });
          for (const text of ["1", "2", "3"]) await context.send(destination, text);
          expect(await context.texts(low, 3)).to.deep.equal(["1", "2", "3"]);
          expect(await high.receiveNoWait()).to.equal(undefined);
        },
      },
    },
  },
  {
    id: "J-8.2-02",
    section: "8.2",
    title: "A consumer with a lower priority is served while the others take no more",
    run: async (context) => {
      const destination = context.queue();
      const high = await context.consumer(destination, { priority: 5, creditWindow: 1 });
      const low = await context.consumer(destination, { priority: 1 });
      await context.send(destination, "1");
      await context.next(high);
      await context.send(destination, "2");
      expect(await context.texts(low, 1)).to.deep.equal(["2"]);
    },
  },
];

/** Messages of a new queue, handed over and settled by the mode alone; their texts are their numbers from 0. */
async function held(
  context: CaseContext,
  acknowledge: "individual" | "client" | "dups-ok",
  count: number,
  creditWindow = 200,
) {
  const destination = context.queue();
  for (let index = 0; index < count; index++) await context.send(destination, `${index}`);
  const consumer: Consumer = await context.consumer(destination, { acknowledge, creditWindow });
  const messages: Message[] = [];
  while (messages.length < count) messages.push(await context.next(consumer));
  return { destination, consumer, messages };
}

/** What each of three consumers gets of three messages in each of three groups. */
async function grouped(context: CaseContext): Promise<{ texts: string[][] }> {
  const destination = context.queue();
  const texts: string[][] = [[], [], []];
  const all = Promise.withResolvers<void>();
  let seen = 0;
  const consumers = [];
  for (const share of texts) {
    consumers.push(
      await context.consumer(destination, {
        onMessage: (message) => {
          share.push(message.text ?? "");
          message.accept();
          seen++;
          if (seen === 9) all.resolve();
        },
      }),
    );
  }
  for (const number of [0, 1, 2]) {
    for (const groupId of ["a", "b", "c"]) await context.send(destination, { text: `${groupId}${number}`, groupId });
  }
  await all.promise;
  return { texts };
}
