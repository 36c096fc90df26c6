/** Transactions (section 6.2.7): sends and acknowledgements together or not at all. */
import type { Consumer, Message } from "@quittance/sdk";
import { expect } from "chai";
import type { CaseContext } from "../suite/case-context.js";
import type { ConformanceCase } from "../suite/conformance-case.js";

const SECTION = "6.2.7";
/** How a discharge begins on the wire: the descriptor of its type. */
const DISCHARGE = Buffer.from("005332", "hex");

export const TRANSACTION_CASES: readonly ConformanceCase[] = [
  {
    id: "J-6.2-13",
    section: SECTION,
    title: "A message sent in a transaction is there when the transaction has committed, and not before",
    rheaFaults: [12],
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      const transaction = await (await context.connection()).beginTransaction();
      await transaction.send(destination, { text: "x" });
      expect(await consumer.receiveNoWait()).to.equal(undefined);
      await transaction.commit();
      expect(await context.texts(consumer, 1)).to.deep.equal(["x"]);
    },
  },
  {
    id: "J-6.2-14",
    section: SECTION,
    title: "What was sent in a transaction that is rolled back never arrives",
    run: async (context) => {
      const destination = context.queue();
      const transaction = await (await context.connection()).beginTransaction();
      for (const text of ["1", "2"]) await transaction.send(destination, { text });
      await transaction.rollback();
      expect(transaction.state).to.equal("rolled-back");
      expect(await context.rest(await context.consumer(destination))).to.deep.equal([]);
    },
  },
  {
    id: "J-6.2-15",
    section: SECTION,
    title: "What was received in a transaction that committed does not come again",
    run: async (context) => {
      const { destination, consumer, messages } = await received(context, 20);
      const transaction = await (await context.connection()).beginTransaction();
      for (const message of messages) transaction.accept(message);
      await transaction.commit();
      await consumer.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal([]);
    },
  },
  {
    id: "J-6.2-16",
    section: SECTION,
    title: "What was received in a transaction that is rolled back comes again, redelivered",
    run: async (context) => {
      const { consumer, messages } = await received(context, 2);
      const transaction = await (await context.connection()).beginTransaction();
      for (const message of messages) transaction.accept(message);
      await transaction.rollback();
      for (const text of ["0", "1"]) {
        const again = await context.next(consumer);
        expect([again.text, again.redelivered]).to.deep.equal([text, true]);
        again.accept();
      }
    },
  },
  {
    id: "J-6.2-17",
    section: SECTION,
    title: "A transaction that sends and receives does both when it commits",
    rheaFaults: [12],
    run: async (context) => {
      const { destination, consumer, messages } = await received(context, 50);
      const out = context.queue();
      await (await context.connection()).transaction(async (transaction) => {
        for (const message of messages) {
          transaction.accept(message);
          void transaction.send(out, { text: `${message.text}!` });
        }
      });
      await consumer.close();
      const expected = messages.map(({ text }) => `${text}!`);
      expect(await context.texts(await context.consumer(out), 50)).to.deep.equal(expected);
      expect(await context.rest(await context.consumer(destination))).to.deep.equal([]);
    },
  },
  {
    id: "J-6.2-18",
    section: SECTION,
    title: "A transaction that sends and receives does neither when its work fails",
    run: async (context) => {
      const { consumer, messages } = await received(context, 1);
      const out = context.queue();
      const failure = new Error("the work failed");
      const attempt = (await context.connection()).transaction(async (transaction) => {
        await transaction.send(out, { text: "never" });
        for (const message of messages) transaction.accept(message);
        throw failure;
      });
      expect(await attempt.catch((reason: unknown) => reason)).to.equal(failure);
      expect(await context.texts(consumer, 1)).to.deep.equal(["0"]);
      expect(await context.rest(await context.consumer(out))).to.deep.equal([]);
    },
  },
  {
    id: "J-6.2-19",
    section: SECTION,
    title: "Several transactions of one connection know nothing of each other",
    rheaFaults: [12],
    run: async (context) => {
      const destination = context.queue();
      const connection = await context.connection();
      const transactions = await Promise.all([1, 2, 3, 4].map(() => connection.beginTransaction()));
      await Promise.all(transactions.map((transaction, n) => transaction.send(destination, { text: `${n}` })));
      await Promise.all(transactions.map((one, n) => (n % 2 === 0 ? one.commit() : one.rollback())));
      const consumer = await context.consumer(destination);
      expect((await context.rest(consumer)).toSorted()).to.deep.equal(["0", "2"]);
    },
  },
  {
    id: "J-6.2-20",
    section: SECTION,
    title: "A transaction reaches several queues and topics",
    rheaFaults: [12],
    run: async (context) => {
      const [one, other, subscribed] = [context.queue(), context.queue(), context.topic()];
      const subscriber = await context.consumer(subscribed);
      await (await context.connection()).transaction(async (transaction) => {
        for (const destination of [one, other, subscribed]) await transaction.send(destination, { text: "x" });
      });
      expect(await context.texts(subscriber, 1)).to.deep.equal(["x"]);
      for (const destination of [one, other]) {
        expect(await context.texts(await context.consumer(destination), 1)).to.deep.equal(["x"]);
      }
    },
  },
  {
    id: "J-6.2-21",
    section: SECTION,
    title: "Messages of one transaction arrive in the order in which they were sent",
    rheaFaults: [12],
    run: async (context) => {
      const destination = context.queue();
      const sent = Array.from({ length: 200 }, (_, index) => `${index}`);
      await (await context.connection()).transaction(async (transaction) => {
        for (const text of sent) void transaction.send(destination, { text });
      });
      expect(await context.texts(await context.consumer(destination), sent.length)).to.deep.equal(sent);
    },
  },
  {
    id: "J-6.2-22",
    section: SECTION,
    title: "A transaction in which a send failed does not commit",
    run: async (context) => {
      const destination = context.queue();
      const transaction = await (await context.connection()).beginTransaction();
      await transaction.send(destination, { text: "never" });
      await transaction.send(destination, { text: "x", properties: { "no name": 1 } }).catch(() => {});
      expect(await transaction.commit().catch((reason: unknown) => reason)).to.have.property("code", "rolled-back");
      expect(await context.rest(await context.consumer(destination))).to.deep.equal([]);
    },
  },
  {
    id: "J-6.2-23",
    section: SECTION,
    title: "A commit that the broker refuses is an error, and all of it is undone",
    run: async (context) => {
      const [destination, duplicateId] = [context.queue(), context.name()];
      await context.send(destination, "first", { duplicateId });
      const transaction = await (await context.connection()).beginTransaction();
      await transaction.send(destination, { text: "new" });
      await transaction.send(destination, { text: "second" }, { duplicateId });
      expect(await transaction.commit().catch((reason: unknown) => reason)).to.have.property("code", "rolled-back");
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["first"]);
    },
    differs: {
      classic: {
        why: "Nothing was found for which a commit is refused: a duplicate id, which does it elsewhere, is not looked at.",
        seen: async (context) => {
          const [destination, duplicateId] = [context.queue(), context.name()];
          await context.send(destination, "first", { duplicateId });
          await (await context.connection()).transaction((transaction) =>
            transaction.send(destination, { text: "second" }, { duplicateId }),
          );
          expect(await context.rest(await context.consumer(destination))).to.deep.equal(["first", "second"]);
        },
      },
    },
  },
  {
    id: "J-6.2-24",
    section: SECTION,
    title: "A transaction that has ended takes no more work",
    run: async (context) => {
      const transaction = await (await context.connection()).beginTransaction();
      await transaction.commit();
      for (const act of [transaction.commit(), transaction.send(context.queue(), { text: "x" })]) {
        expect(await act.catch((reason: unknown) => reason)).to.have.property("code", "closed");
      }
    },
  },
  {
    id: "J-6.2-25",
    section: "6.1.8",
    title: "Closing a connection rolls back the transactions under way",
    run: async (context) => {
      const [work, out] = [context.queue(), context.queue()];
      await context.send(work, "kept");
      const connection = await context.connect();
      const transaction = await connection.beginTransaction();
      await transaction.send(out, { text: "never" });
      transaction.accept(await context.next(await connection.createConsumer(work)));
      await connection.close();
      expect(await context.texts(await context.consumer(work), 1)).to.deep.equal(["kept"]);
      expect(await context.rest(await context.consumer(out))).to.deep.equal([]);
    },
  },
  {
    id: "J-6.2-26",
    section: SECTION,
    title: "What a subscriber received in a transaction that is rolled back comes again to it alone",
    run: async (context) => {
      const destination = context.topic();
      const consumer = await context.consumer(destination);
      const other = await context.consumer(destination);
      await context.send(destination, "x");
      const transaction = await (await context.connection()).beginTransaction();
      transaction.accept(await context.next(consumer));
      await transaction.rollback();
      expect((await context.next(consumer)).redelivered).to.equal(true);
      const message = await context.next(other);
      message.accept();
      expect(await other.receiveNoWait()).to.equal(undefined);
    },
  },
  {
    id: "J-6.2-27",
    section: SECTION,
    title: "Acknowledgements outside of a transaction count while it is open, and whatever becomes of it",
    rheaFaults: [1],
    run: async (context) => {
      const { consumer, messages } = await received(context, 3);
      const [outside, inside, back] = messages as [Message, Message, Message];
      const transaction = await (await context.connection()).beginTransaction();
      outside.accept();
      transaction.accept(inside);
      back.release();
      await transaction.rollback();
      expect((await context.texts(consumer, 2)).toSorted()).to.deep.equal(["1", "2"]);
      expect(await context.rest(consumer)).to.deep.equal([]);
    },
  },
  ...([false, true] as const).map(
    (heard): ConformanceCase => ({
      id: heard ? "J-6.2-29" : "J-6.2-28",
      section: "6.2.12",
      title: `A commit is in doubt when the connection breaks after the broker heard ${heard ? "all" : "nothing"} of it`,
      run: async (context) => {
        const destination = context.queue();
        const proxy = await context.proxy();
        const transaction = await (await context.connect({}, proxy)).beginTransaction();
        await transaction.send(destination, { text: "x" });
        proxy.cutAt(DISCHARGE, heard);
        expect(await transaction.commit().catch((reason: unknown) => reason)).to.have.property("code", "in-doubt");
        expect(transaction.state).to.equal("in-doubt");
        const consumer = await context.consumer(destination);
        if (heard) expect(await context.texts(consumer, 1)).to.deep.equal(["x"]);
        else expect(await context.rest(consumer)).to.deep.equal([]);
      },
    }),
  ),
];

/** Messages of a new queue, received and not settled; their texts are their numbers from 0. */
async function received(context: CaseContext, count: number) {
  const destination = context.queue();
  for (let index = 0; index < count; index++) await context.send(destination, `${index}`);
  const consumer: Consumer = await context.consumer(destination);
  const messages: Message[] = [];
  while (messages.length < count) messages.push(await context.next(consumer));
  return { destination, consumer, messages };
}
