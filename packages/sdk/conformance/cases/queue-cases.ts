/** Queues (section 4.1), order (6.2.9), acknowledgement (6.2.10) and redelivery. */
import { queue } from "@quittance/sdk";
import { expect } from "chai";
import type { CaseContext } from "../suite/case-context.js";
import type { ConformanceCase } from "../suite/conformance-case.js";

export const QUEUE_CASES: readonly ConformanceCase[] = [
  {
    id: "J-4.1-01",
    section: "4.1.2",
    title: "A queue keeps messages until somebody comes for them",
    run: async (context) => {
      const destination = context.queue();
      await context.send(destination, "early");
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["early"]);
    },
  },
  {
    id: "J-4.1-02",
    section: "4.1.2",
    title: "Each message of a queue goes to one of its consumers",
    run: async (context) => {
      const destination = context.queue();
      const one = await context.consumer(destination, { creditWindow: 1 });
      const other = await context.consumer(destination, { creditWindow: 1 });
      const sent = Array.from({ length: 20 }, (_, index) => `${index}`);
      const seen: (string | undefined)[] = [];
      const all = Promise.withResolvers<void>();
      const read = async (consumer: typeof one) => {
        for await (const message of consumer) {
          seen.push(message.text);
          message.accept();
          if (seen.length >= sent.length) all.resolve();
        }
      };
      const reading = Promise.all([read(one), read(other)]);
      for (const text of sent) await context.send(destination, text);
      await all.promise;
      await Promise.all([one.close(), other.close()]);
      await reading;
      expect(seen).to.have.members(sent);
    },
  },
  {
    id: "J-4.1-03",
    section: "4.1.2",
    title: "An acknowledged message does not come again, not even to a later connection",
    run: async (context) => {
      const destination = context.queue();
      await context.send(destination, "done");
      const first = await context.connect();
      const consumer = await first.createConsumer(destination);
      await context.texts(consumer, 1);
      await first.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal([]);
    },
  },
  {
    id: "J-4.1-04",
    section: "4.1.8",
    title: "A message that was received and not acknowledged comes again when its consumer is closed",
    run: async (context) => {
      const destination = context.queue();
      await context.send(destination, "kept");
      const consumer = await context.consumer(destination);
      await context.next(consumer);
      await consumer.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["kept"]);
    },
  },
  {
    id: "J-4.1-05",
    section: "4.1.8",
    title: "A message that was received and not acknowledged comes again when its connection is closed",
    run: async (context) => {
      const destination = context.queue();
      await context.send(destination, "kept");
      const first = await context.connect();
      await context.next(await first.createConsumer(destination));
      await first.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["kept"]);
    },
  },
  {
    id: "J-4.1-06",
    section: "4.1.8",
    title: "What was prefetched and not received goes to another consumer when the first closes",
    run: async (context) => {
      const destination = context.queue();
      const first = await context.consumer(destination, { creditWindow: 10 });
      for (const text of ["1", "2", "3"]) await context.send(destination, text);
      await context.texts(first, 1);
      await first.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["2", "3"]);
    },
  },
  {
    id: "J-6.2-01",
    section: "6.2.9.2",
    title: "Messages of one producer arrive in the order in which they were sent",
    run: async (context) => {
      const destination = context.queue();
      const producer = await context.producer(destination);
      const sent = Array.from({ length: 300 }, (_, index) => `${index}`);
      await Promise.all(sent.map((text) => producer.send({ text })));
      expect(await context.texts(await context.consumer(destination), sent.length)).to.deep.equal(sent);
    },
  },
  {
    id: "J-6.2-02",
    section: "6.2.9.2",
    title: "Messages sent without confirmation keep their order too",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      const producer = await context.producer(destination, { deliveryMode: "non-persistent" });
      const sent = Array.from({ length: 100 }, (_, index) => `${index}`);
      for (const text of sent) producer.sendUnconfirmed({ text });
      expect(await context.texts(consumer, sent.length)).to.deep.equal(sent);
    },
  },
  {
    id: "J-6.2-03",
    section: "6.2.10",
    title: "Each message can be acknowledged alone: those around it come again",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      for (const text of ["1", "2", "3"]) await context.send(destination, text);
      await context.next(consumer);
      (await context.next(consumer)).accept();
      await context.next(consumer);
      await consumer.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["1", "3"]);
    },
  },
  {
    id: "J-6.2-04",
    section: "6.2.10",
    title: "With automatic acknowledgement a message that was handed over does not come again",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination, { acknowledge: "auto" });
      for (const text of ["1", "2"]) await context.send(destination, text);
      expect((await context.next(consumer)).text).to.equal("1");
      await consumer.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["2"]);
    },
  },
  {
    id: "J-6.2-05",
    section: "6.2.10",
    title: "Only the first settlement of a message counts",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      await context.send(destination, "x");
      const message = await context.next(consumer);
      message.accept();
      message.release({ failed: true });
      message.reject("too late");
      expect(await context.rest(consumer)).to.deep.equal([]);
    },
  },
  {
    id: "J-6.2-06",
    section: "6.2.10",
    title: "Acknowledgements that differ between neighbours each reach their own message",
    rheaFaults: [1],
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      const sent = Array.from({ length: 12 }, (_, index) => `${index}`);
      for (const text of sent) await context.send(destination, text);
      const messages = [];
      while (messages.length < sent.length) messages.push(await context.next(consumer));
      // In one turn, so that they could be merged.
      for (const [index, message] of messages.entries()) {
        if (index % 3 === 0) message.accept();
        else message.release({ failed: index % 3 === 1 });
      }
      const left = sent.filter((_, index) => index % 3 !== 0);
      expect(await context.rest(consumer)).to.have.members(left);
    },
  },
  {
    id: "J-6.2-07",
    section: "6.2.10",
    title: "A released message comes again to the same consumer when it is the only one",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      await context.send(destination, "again");
      (await context.next(consumer)).release();
      expect(await context.texts(consumer, 1)).to.deep.equal(["again"]);
    },
  },
  {
    id: "J-6.2-08",
    section: "6.2.10",
    title: "A message that fails at every delivery goes to the dead-letter queue in the end",
    run: (context) =>
      diesAfter(context, context.target.maximumDeliveries, (message) => message.release({ failed: true })),
    differs: {
      classic: {
        why: "No number of failed deliveries sends a message to the dead-letter queue: it comes again forever. Reject it, or let a processor set it aside.",
        seen: async (context) => {
          const destination = context.queue();
          await context.send(destination, "undead");
          const consumer = await context.consumer(destination);
          for (let delivery = 1; delivery <= 4 * context.target.maximumDeliveries; delivery++) {
            const message = await context.next(consumer);
            expect(message.deliveryCount).to.equal(delivery);
            message.release({ failed: true });
          }
          expect((await context.next(consumer)).text).to.equal("undead");
        },
      },
    },
  },
  {
    id: "J-6.2-09",
    section: "6.2.10",
    title: "A rejected message goes to the dead-letter queue at once",
    run: (context) => diesAfter(context, 1, (message) => message.reject("bad")),
  },
  {
    id: "J-6.2-10",
    section: "6.2.11",
    title: "A message that was delivered and released keeps its id, time and body",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      await context.send(destination, { text: "x", properties: { a: 1 }, correlationId: "c", type: "t" });
      const first = await context.next(consumer);
      first.release({ failed: true });
      const second = await context.next(consumer);
      for (const field of ["messageId", "timestampMs", "text", "correlationId", "type", "priority"] as const) {
        expect(second[field], field).to.equal(first[field]);
      }
      expect(second.properties).to.include({ a: 1 });
      second.accept();
    },
  },
  {
    id: "J-6.2-11",
    section: "6.2.12",
    title: "Of two messages with one duplicate id the queue keeps the first",
    run: async (context) => {
      const destination = context.queue();
      const duplicateId = context.name();
      await context.send(destination, "first", { duplicateId });
      await context.send(destination, "second", { duplicateId });
      await context.send(destination, "third", { duplicateId: context.name() });
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["first", "third"]);
    },
    differs: {
      classic: {
        why: "There is no duplicate detection over AMQP: each copy is kept.",
        seen: async (context) => {
          const destination = context.queue();
          const duplicateId = context.name();
          for (const text of ["first", "second"]) await context.send(destination, text, { duplicateId });
          expect(await context.rest(await context.consumer(destination))).to.deep.equal(["first", "second"]);
        },
      },
    },
  },
  {
    id: "J-6.2-12",
    section: "6.2.12",
    title: "A duplicate id counts for its own queue alone",
    run: async (context) => {
      const duplicateId = context.name();
      for (const destination of [context.queue(), context.queue()]) {
        await context.send(destination, "x", { duplicateId });
        expect(await context.rest(await context.consumer(destination))).to.deep.equal(["x"]);
      }
    },
  },
];

/** Sends a message, meets `deliveries` of it with `outcome`, and finds it in the dead-letter queue. */
async function diesAfter(
  context: CaseContext,
  deliveries: number,
  outcome: (message: Awaited<ReturnType<CaseContext["next"]>>) => void,
): Promise<void> {
  const destination = context.queue();
  const mark = context.name();
  await context.send(destination, { text: "dead", properties: { mark } });
  const consumer = await context.consumer(destination);
  for (let delivery = 1; delivery <= deliveries; delivery++) outcome(await context.next(consumer));
  const dead = await context.consumer(queue(context.target.deadLetterQueue), { selector: `mark = '${mark}'` });
  expect(await context.texts(dead, 1)).to.deep.equal(["dead"]);
  expect(await context.rest(consumer)).to.deep.equal([]);
}
