/** Connections (section 6.1), closing, temporary queues (4.1.5) and request/reply (2.16). */
import { expect } from "chai";
import type { ConformanceCase } from "../suite/conformance-case.js";

export const CONNECTION_CASES: readonly ConformanceCase[] = [
  {
    id: "J-6.1-01",
    section: "6.1.2",
    title: "A client id has one connection at a time",
    run: async (context) => {
      const clientId = context.name();
      await context.connect({ clientId });
      const second = context.connect({ clientId });
      expect(await second.catch((reason: unknown) => reason)).to.be.an("error");
    },
  },
  {
    id: "J-6.1-02",
    section: "6.1.2",
    title: "A client id is free again once its connection is closed",
    run: async (context) => {
      const clientId = context.name();
      await (await context.connect({ clientId })).close();
      expect((await context.connect({ clientId })).state.name).to.equal("open");
    },
  },
  {
    id: "J-6.1-03",
    section: "6.1.8",
    title: "Closing a connection twice does nothing more",
    run: async (context) => {
      const connection = await context.connect();
      await connection.close();
      await connection.close();
      expect(connection.state).to.deep.equal({ name: "closed", cause: undefined });
    },
  },
  {
    id: "J-6.1-04",
    section: "6.1.8",
    title: "A closed connection makes nothing more",
    run: async (context) => {
      const connection = await context.connect();
      await connection.close();
      const attach = connection.createConsumer(context.queue());
      expect(await attach.catch((reason: unknown) => reason)).to.have.property("code", "closed");
    },
  },
  {
    id: "J-6.1-05",
    section: "6.1.8",
    title: "Closing a connection ends a receive that waits",
    run: async (context) => {
      const connection = await context.connect();
      const receiving = codeOf((await connection.createConsumer(context.queue())).receive());
      await connection.close();
      expect(await receiving).to.equal("closed");
    },
  },
  {
    id: "J-6.1-06",
    section: "6.1.8",
    title: "A producer of a closed connection refuses to send",
    run: async (context) => {
      const connection = await context.connect();
      const producer = await connection.createProducer(context.queue());
      await connection.close();
      expect(await producer.send({ text: "x" }).catch((reason: unknown) => reason)).to.have.property("code", "closed");
    },
  },
  {
    id: "J-7.1-01",
    section: "7.1",
    title: "A producer without a destination sends to the one that each send names",
    run: async (context) => {
      const producer = await context.producer(undefined);
      for (const destination of [context.queue(), context.queue()]) {
        await producer.send({ text: destination.address }, { destination });
        expect(await context.rest(await context.consumer(destination))).to.deep.equal([destination.address]);
      }
    },
  },
  {
    id: "J-7.1-02",
    section: "7.1",
    title: "A producer without a destination refuses a send that names none",
    run: async (context) => {
      const sending = (await context.producer(undefined)).send({ text: "x" });
      expect(await sending.catch((reason: unknown) => reason)).to.have.property("code", "invalid-argument");
    },
  },
  {
    id: "J-8.8-01",
    section: "8.8",
    title: "Closing a consumer ends a receive that waits",
    run: async (context) => {
      const consumer = await context.consumer(context.queue());
      const receiving = codeOf(consumer.receive());
      await consumer.close();
      expect(await receiving).to.equal("closed");
    },
  },
  {
    id: "J-8.5-01",
    section: "8.5",
    title: "A receive with a time-out ends without a message when none comes",
    run: async (context) => {
      const consumer = await context.consumer(context.queue());
      expect(await consumer.receive({ timeoutMs: 20 })).to.equal(undefined);
    },
  },
  {
    id: "J-8.7-01",
    section: "8.7",
    title: "A listener gets the messages one after the other, in order",
    run: async (context) => {
      const destination = context.queue();
      const texts: (string | undefined)[] = [];
      const all = Promise.withResolvers<void>();
      let busy = false;
      await context.consumer(destination, {
        onMessage: async (message) => {
          expect(busy, "two at once").to.equal(false);
          busy = true;
          await new Promise(setImmediate);
          texts.push(message.text);
          message.accept();
          busy = false;
          if (texts.length === 3) all.resolve();
        },
      });
      for (const text of ["1", "2", "3"]) await context.send(destination, text);
      await all.promise;
      expect(texts).to.deep.equal(["1", "2", "3"]);
    },
  },
  {
    id: "J-8.7-02",
    section: "8.7",
    title: "A message whose listener throws comes again, redelivered",
    rheaFaults: [5],
    run: async (context) => {
      const destination = context.queue();
      const again = Promise.withResolvers<boolean>();
      await context.consumer(destination, {
        onMessage: (message) => {
          if (!message.redelivered) throw new Error("the first time");
          message.accept();
          again.resolve(message.redelivered);
        },
      });
      await context.send(destination, "x");
      expect(await again.promise).to.equal(true);
    },
  },
  {
    id: "J-4.1-07",
    section: "4.1.5",
    title: "A temporary queue carries messages from other connections to its own",
    run: async (context) => {
      const replies = await (await context.connection()).createTemporaryQueue();
      const consumer = await context.consumer(replies);
      const other = await context.connect();
      const producer = await other.createProducer(replies);
      await producer.send({ text: "x" });
      expect(await context.texts(consumer, 1)).to.deep.equal(["x"]);
    },
  },
  {
    id: "J-4.1-08",
    section: "4.1.5",
    title: "Each temporary queue is a queue of its own",
    run: async (context) => {
      const connection = await context.connection();
      const [one, other] = [await connection.createTemporaryQueue(), await connection.createTemporaryQueue()];
      expect(one.address).not.to.equal(other.address);
    },
  },
  {
    id: "J-2.16-01",
    section: "2.16",
    title: "A request gets the reply that belongs to it, among many at once",
    run: async (context) => {
      const destination = context.queue();
      const connection = await context.connection();
      const answering = await (await context.connect()).respond(destination, ({ text }) => ({ text: `${text}!` }));
      const questions = Array.from({ length: 50 }, (_, index) => `${index}`);
      const replies = await Promise.all(
        questions.map((text) => connection.request(destination, { text }, { timeoutMs: 10_000 })),
      );
      expect(replies.map(({ text }) => text)).to.deep.equal(questions.map((text) => `${text}!`));
      await answering.drain();
    },
  },
  {
    id: "J-2.16-02",
    section: "2.16",
    title: "A request that nobody answers ends with its time-out",
    run: async (context) => {
      const asking = (await context.connection()).request(context.queue(), { text: "?" }, { timeoutMs: 50 });
      expect(await asking.catch((reason: unknown) => reason)).to.have.property("code", "timed-out");
    },
  },
];

/** The code with which a call fails. Where JMS gives null to who waits, it could not be told from a time-out. */
function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );
}
