/** Headers (section 3.4): what a sender sets is what a receiver reads. */
import { queue } from "@quittance/sdk";
import { expect } from "chai";
import type { ConformanceCase } from "../suite/conformance-case.js";

/** How far the clocks of one machine and the steps of a case may lie apart. */
const TOLERANCE_MS = 60_000;

export const HEADER_CASES: readonly ConformanceCase[] = [
  {
    id: "J-3.4-01",
    section: "3.4.1",
    title: "JMSDestination is the queue that the message was sent to",
    run: async (context) => {
      const destination = context.queue();
      await context.send(destination, "x");
      const message = await context.next(await context.consumer(destination));
      expect(message.destination).to.deep.equal(destination);
      message.accept();
    },
  },
  {
    id: "J-3.4-02",
    section: "3.4.1",
    title: "JMSDestination is the topic that the message was sent to",
    run: async (context) => {
      const destination = context.topic();
      const consumer = await context.consumer(destination);
      await context.send(destination, "x");
      expect((await context.next(consumer)).destination).to.deep.equal(destination);
    },
  },
  {
    id: "J-3.4-03",
    section: "3.4.2",
    title: "JMSDeliveryMode is persistent unless the sender says otherwise",
    run: async (context) => {
      expect((await context.echo("x")).deliveryMode).to.equal("persistent");
    },
  },
  {
    id: "J-3.4-04",
    section: "3.4.2",
    title: "JMSDeliveryMode tells that the sender asked for non-persistent",
    run: async (context) => {
      const message = await context.echo("x", { deliveryMode: "non-persistent" });
      expect(message.deliveryMode).to.equal("non-persistent");
    },
  },
  {
    id: "J-3.4-05",
    section: "3.4.3",
    title: "JMSMessageID starts with ID: and differs between messages",
    run: async (context) => {
      const one = await context.echo("x");
      const other = await context.echo("x");
      expect(one.messageId).to.match(/^ID:./);
      expect(other.messageId).to.match(/^ID:./);
      expect(one.messageId).not.to.equal(other.messageId);
    },
  },
  {
    id: "J-3.4-06",
    section: "3.4.3",
    title: "JMSMessageID is the one that the sender chose",
    run: async (context) => {
      const id = context.name();
      expect((await context.echo({ text: "x", messageId: id })).messageId).to.equal(`ID:${id}`);
    },
  },
  {
    id: "J-3.4-07",
    section: "3.4.4",
    title: "JMSTimestamp is the time of sending",
    run: async (context) => {
      const message = await context.echo("x");
      expect(message.timestampMs).to.be.closeTo(Date.now(), TOLERANCE_MS);
    },
  },
  {
    id: "J-3.4-08",
    section: "3.4.5",
    title: "JMSCorrelationID may be any text of the application",
    run: async (context) => {
      for (const correlationId of ["order 1/ä€😀", "ID:other", "0"]) {
        expect((await context.echo({ text: "x", correlationId })).correlationId).to.equal(correlationId);
      }
    },
  },
  {
    id: "J-3.4-09",
    section: "3.4.5",
    title: "JMSCorrelationID may be another message's id",
    run: async (context) => {
      const first = await context.echo("question");
      const second = await context.echo({ text: "answer", correlationId: first.messageId ?? "" });
      expect(second.correlationId).to.equal(first.messageId);
    },
  },
  {
    id: "J-3.4-10",
    section: "3.4.5",
    title: "JMSCorrelationID is absent when none was set",
    run: async (context) => {
      expect((await context.echo("x")).correlationId).to.equal(undefined);
    },
  },
  {
    id: "J-3.4-11",
    section: "3.4.6",
    title: "JMSReplyTo names a queue",
    run: async (context) => {
      const replyTo = context.queue();
      expect((await context.echo({ text: "x", replyTo })).replyTo).to.deep.equal(replyTo);
    },
  },
  {
    id: "J-3.4-12",
    section: "3.4.6",
    title: "JMSReplyTo names a topic",
    run: async (context) => {
      const replyTo = context.topic();
      expect((await context.echo({ text: "x", replyTo })).replyTo).to.deep.equal(replyTo);
    },
  },
  {
    id: "J-3.4-13",
    section: "3.4.6",
    title: "JMSReplyTo is absent when none was set",
    run: async (context) => {
      expect((await context.echo("x")).replyTo).to.equal(undefined);
    },
  },
  {
    id: "J-3.4-14",
    section: "3.4.7",
    title: "JMSRedelivered is false at the first delivery",
    run: async (context) => {
      expect((await context.echo("x")).redelivered).to.equal(false);
    },
  },
  {
    id: "J-3.4-15",
    section: "3.4.7",
    title: "JMSRedelivered is true after a delivery that failed",
    run: async (context) => {
      const destination = context.queue();
      await context.send(destination, "x");
      const consumer = await context.consumer(destination);
      (await context.next(consumer)).release({ failed: true });
      const again = await context.next(consumer);
      expect(again.redelivered).to.equal(true);
      again.accept();
    },
  },
  {
    id: "J-3.4-16",
    section: "3.4.8",
    title: "JMSType is the text that the sender gave",
    run: async (context) => {
      expect((await context.echo({ text: "x", type: "order/v1" })).type).to.equal("order/v1");
    },
  },
  {
    id: "J-3.4-17",
    section: "3.4.8",
    title: "JMSType is absent when none was set",
    run: async (context) => {
      expect((await context.echo("x")).type).to.equal(undefined);
    },
  },
  {
    id: "J-3.4-18",
    section: "3.4.9",
    title: "JMSExpiration is 0 without a time to live",
    run: async (context) => {
      expect((await context.echo("x")).expirationMs).to.equal(0);
    },
  },
  {
    id: "J-3.4-19",
    section: "3.4.9",
    title: "JMSExpiration is the time of sending and the time to live together",
    run: async (context) => {
      const message = await context.echo("x", { timeToLiveMs: 600_000 });
      expect(message.expirationMs).to.equal(message.timestampMs + 600_000);
    },
  },
  {
    id: "J-3.4-20",
    section: "3.4.9",
    title: "A message whose time has run out is not delivered",
    run: async (context) => {
      const destination = context.queue();
      await context.send(destination, "short", { timeToLiveMs: 1 });
      await context.send(destination, "long", { timeToLiveMs: 600_000 });
      const sentAt = Date.now();
      // The clock must have gone on, and with it the life of the first.
      while (Date.now() <= sentAt + 2) await new Promise(setImmediate);
      expect(await context.rest(await context.consumer(destination))).to.deep.equal(["long"]);
    },
  },
  {
    id: "J-3.4-21",
    section: "3.4.10",
    title: "JMSPriority is 4 unless the sender says otherwise",
    run: async (context) => {
      expect((await context.echo("x")).priority).to.equal(4);
    },
  },
  {
    id: "J-3.4-22",
    section: "3.4.10",
    title: "JMSPriority is each of 0 to 9 as the sender set it",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination, { creditWindow: 1 });
      for (let priority = 0; priority <= 9; priority++) {
        await context.send(destination, "x", { priority });
        const message = await context.next(consumer);
        expect(message.priority).to.equal(priority);
        message.accept();
      }
    },
  },
  {
    id: "J-3.4-23",
    section: "3.4.10",
    title: "Messages that wait are delivered in the order of their priorities, and by age within one",
    run: async (context) => {
      const destination = context.queue();
      for (const [index, priority] of [1, 9, 4, 9, 1].entries()) {
        await context.send(destination, `${priority}-${index}`, { priority });
      }
      const consumer = await context.consumer(destination);
      expect(await context.texts(consumer, 5)).to.deep.equal(["9-1", "9-3", "4-2", "1-0", "1-4"]);
    },
  },
  {
    id: "J-3.4-24",
    section: "3.4.13",
    title: "A message is not delivered before its delivery time",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      const sentAt = Date.now();
      await context.send(destination, "x", { deliveryDelayMs: 300 });
      const message = await context.next(consumer);
      // The delay counts from the sender's clock, which is this one.
      expect(Date.now() - sentAt).to.be.at.least(300);
      message.accept();
    },
  },
  {
    id: "J-3.4-25",
    section: "3.4.13",
    title: "A delayed message is overtaken by one without delay",
    run: async (context) => {
      const destination = context.queue();
      const consumer = await context.consumer(destination);
      // Long enough for a slow machine to send and deliver the other meanwhile.
      await context.send(destination, "late", { deliveryDelayMs: 1_500 });
      await context.send(destination, "soon");
      expect(await context.texts(consumer, 2)).to.deep.equal(["soon", "late"]);
    },
  },
  {
    id: "J-3.4-26",
    section: "3.4.11",
    title: "A priority outside 0 to 9 is refused before anything is sent",
    run: async (context) => {
      for (const priority of [-1, 10, 1.5]) {
        const error = await context.send(context.queue(), "x", { priority }).catch((reason: unknown) => reason);
        expect(error).to.have.property("code", "invalid-argument");
      }
    },
  },
  {
    id: "J-3.4-27",
    section: "3.4.6",
    title: "A reply sent to JMSReplyTo arrives there",
    run: async (context) => {
      const replyTo = context.queue();
      const request = await context.echo({ text: "question", replyTo });
      await context.send(request.replyTo ?? queue("none"), { text: "answer", correlationId: request.messageId ?? "" });
      const reply = await context.next(await context.consumer(replyTo));
      expect(reply.text).to.equal("answer");
      expect(reply.correlationId).to.equal(request.messageId);
      reply.accept();
    },
  },
];
