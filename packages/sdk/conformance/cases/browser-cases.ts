/** Browsers (section 4.1.6), receiving without waiting (8.5), and stopping and starting (6.1). */
import type { Browser } from "@quittance/sdk";
import { expect } from "chai";
import type { CaseContext } from "../suite/case-context.js";
import type { ConformanceCase } from "../suite/conformance-case.js";

export const BROWSER_CASES: readonly ConformanceCase[] = [
  {
    id: "J-4.1-09",
    section: "4.1.6",
    title: "A browser shows the messages of a queue in their order, and takes none of them",
    run: async (context) => {
      const { destination, texts } = await filled(context, 250);
      await using browser = await (await context.connection()).createBrowser(destination);
      expect(await shown(browser)).to.deep.equal(texts);
      expect(await context.texts(await context.consumer(destination), 250)).to.deep.equal(texts);
    },
  },
  {
    id: "J-4.1-10",
    section: "4.1.6",
    title: "Each look with a browser begins at the beginning, and shows what came meanwhile",
    rheaFaults: [4],
    run: async (context) => {
      const { destination } = await filled(context, 2);
      await using browser = await (await context.connection()).createBrowser(destination);
      expect(await shown(browser)).to.deep.equal(["0", "1"]);
      await context.send(destination, "2");
      expect(await shown(browser)).to.deep.equal(["0", "1", "2"]);
    },
  },
  {
    id: "J-4.1-11",
    section: "4.1.6",
    title: "A browser with a selector shows what fits",
    run: async (context) => {
      const destination = context.queue();
      for (const n of [1, 2, 3]) await context.send(destination, { text: `${n}`, properties: { n } });
      await using browser = await (await context.connection()).createBrowser(destination, { selector: "n > 1" });
      expect(await shown(browser)).to.deep.equal(["2", "3"]);
    },
  },
  {
    id: "J-4.1-12",
    section: "4.1.6",
    title: "A look at an empty queue ends at once",
    run: async (context) => {
      await using browser = await (await context.connection()).createBrowser(context.queue());
      expect(await shown(browser)).to.deep.equal([]);
    },
  },
  {
    id: "J-4.1-13",
    section: "4.1.6",
    title: "Settling a message that a browser shows means nothing",
    run: async (context) => {
      const { destination } = await filled(context, 3);
      await using browser = await (await context.connection()).createBrowser(destination);
      for await (const message of browser) message.reject("not mine");
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["0", "1", "2"]);
    },
  },
  {
    id: "J-4.1-14",
    section: "4.1.6",
    title: "A browser shows urgent messages first, as they will be delivered",
    run: async (context) => {
      const destination = context.queue();
      for (const priority of [1, 9, 5]) await context.send(destination, `${priority}`, { priority });
      await using browser = await (await context.connection()).createBrowser(destination);
      expect(await shown(browser)).to.deep.equal(["9", "5", "1"]);
    },
  },
  {
    id: "J-4.1-15",
    section: "4.1.6",
    title: "A topic is not browsed",
    run: async (context) => {
      const browsing = (await context.connection()).createBrowser(context.topic());
      expect(await browsing.catch((reason: unknown) => reason)).to.have.property("code", "invalid-argument");
    },
  },
  {
    id: "J-8.5-02",
    section: "8.5",
    title: "Receiving without waiting gives what is there, then nothing",
    run: async (context) => {
      const { destination } = await filled(context, 3);
      const consumer = await context.consumer(destination);
      const texts: (string | undefined)[] = [];
      for (let next = await consumer.receiveNoWait(); next !== undefined; next = await consumer.receiveNoWait()) {
        texts.push(next.text);
        next.accept();
      }
      expect(texts).to.deep.equal(["0", "1", "2"]);
    },
  },
  {
    id: "J-8.5-03",
    section: "8.5",
    title: "After receiving without waiting a consumer waits for messages as before",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination, { creditWindow: 2 });
      for (const text of ["1", "2", "3"]) {
        expect(await consumer.receiveNoWait()).to.equal(undefined);
        await context.send(destination, text);
        expect(await context.texts(consumer, 1)).to.deep.equal([text]);
      }
    },
  },
  {
    id: "J-8.5-04",
    section: "8.5",
    title: "Receiving without waiting gives nothing where no message fits the selector",
    run: async (context) => {
      const { destination } = await filled(context, 3);
      const consumer = await context.consumer(destination, { selector: "colour = 'red'" });
      expect(await consumer.receiveNoWait()).to.equal(undefined);
    },
  },
  {
    id: "J-8.5-05",
    section: "8.5",
    title: "A message received without waiting and not acknowledged comes again",
    rheaFaults: [4],
    run: async (context) => {
      const { destination } = await filled(context, 1);
      const consumer = await context.consumer(destination);
      expect((await consumer.receiveNoWait())?.text).to.equal("0");
      await consumer.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["0"]);
    },
  },
  {
    id: "J-6.1-07",
    section: "6.1.5",
    title: "While a consumer is stopped, what comes goes to others",
    run: async (context) => {
      const destination = context.queue();
      const stopped = await context.consumer(destination);
      stopped.stop();
      // The broker has heard of it once it has answered something that was asked later.
      const { texts } = await filled(context, 5, destination);
      expect(await context.texts(await context.consumer(destination), 5)).to.deep.equal(texts);
    },
  },
  {
    id: "J-6.1-08",
    section: "6.1.4",
    title: "A consumer that is started again gets what waits",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      for (let round = 0; round < 3; round++) {
        consumer.stop();
        const { texts } = await filled(context, 2, destination);
        consumer.start();
        expect(await context.texts(consumer, 2)).to.deep.equal(texts);
      }
    },
  },
  {
    id: "J-6.1-09",
    section: "6.1.5",
    title: "What arrived before a consumer was stopped can still be acknowledged",
    run: async (context) => {
      const { destination } = await filled(context, 1);
      const consumer = await context.consumer(destination);
      const message = await context.next(consumer);
      consumer.stop();
      message.accept();
      await consumer.close();
      expect(await context.rest(await context.consumer(destination))).to.deep.equal([]);
    },
  },
];

/** Sends messages to a queue; their texts are their numbers from 0. */
async function filled(context: CaseContext, count: number, destination = context.queue()) {
  const texts = Array.from({ length: count }, (_, index) => `${index}`);
  for (const text of texts) await context.send(destination, text);
  return { destination, texts };
}

async function shown(browser: Browser): Promise<(string | undefined)[]> {
  const texts: (string | undefined)[] = [];
  for await (const message of browser) texts.push(message.text);
  return texts;
}
