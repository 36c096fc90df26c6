/** Properties (section 3.5) and bodies (3.11). */
import { expect } from "chai";
import type { ConformanceCase } from "../suite/conformance-case.js";

const NAMES_TO_REFUSE = ["", "1a", "a-b", "a b", "a.b", "NULL", "true", "Between", "IS"];

export const PROPERTY_CASES: readonly ConformanceCase[] = [
  {
    id: "J-3.5-01",
    section: "3.5.2",
    title: "A boolean property is read as it was written",
    run: async (context) => {
      const { properties } = await context.echo({ text: "x", properties: { yes: true, no: false } });
      expect(properties).to.include({ yes: true, no: false });
    },
  },
  {
    id: "J-3.5-02",
    section: "3.5.2",
    title: "An int property is read as it was written, at both ends of its range",
    run: async (context) => {
      const sent = { zero: 0, one: 1, minus: -1, largest: 2_147_483_647, smallest: -2_147_483_648 };
      expect((await context.echo({ text: "x", properties: sent })).properties).to.include(sent);
    },
  },
  {
    id: "J-3.5-03",
    section: "3.5.2",
    title: "A long property is read without loss, at both ends of its range",
    run: async (context) => {
      const sent = { largest: 9_223_372_036_854_775_807n, smallest: -9_223_372_036_854_775_808n };
      expect((await context.echo({ text: "x", properties: sent })).properties).to.include(sent);
    },
  },
  {
    id: "J-3.5-04",
    section: "3.5.2",
    title: "A double property is read without loss",
    run: async (context) => {
      const sent = { third: 1 / 3, tiny: Number.MIN_VALUE, huge: Number.MAX_VALUE, minus: -0.5 };
      expect((await context.echo({ text: "x", properties: sent })).properties).to.include(sent);
    },
  },
  {
    id: "J-3.5-05",
    section: "3.5.2",
    title: "A string property is read as it was written, empty, long and in any script",
    run: async (context) => {
      const sent = { empty: "", script: "Ünï 漢字 😀", long: "x".repeat(5_000) };
      expect((await context.echo({ text: "x", properties: sent })).properties).to.include(sent);
    },
  },
  {
    id: "J-3.5-06",
    section: "3.5.8",
    title: "A property that was not set is not there",
    run: async (context) => {
      const { properties } = await context.echo({ text: "x", properties: { a: 1 } });
      expect(properties.b).to.equal(undefined);
    },
  },
  {
    id: "J-3.5-07",
    section: "3.5.6",
    title: "The names of the properties set can be enumerated",
    run: async (context) => {
      const { properties } = await context.echo({ text: "x", properties: { a: 1, b: "2", c: true } });
      expect(Object.keys(properties)).to.include.members(["a", "b", "c"]);
    },
  },
  {
    id: "J-3.5-08",
    section: "3.5.1",
    title: "A property's name that is no Java identifier, or a word of the selector language, is refused",
    run: async (context) => {
      for (const name of NAMES_TO_REFUSE) {
        const sending = context.send(context.queue(), { text: "x", properties: { [name]: 1 } });
        const error = await sending.catch((reason: unknown) => reason);
        expect(error, name).to.have.property("code", "invalid-argument");
      }
    },
  },
  {
    id: "J-3.5-09",
    section: "3.5.2",
    title: "A value of no JMS type is refused before anything is sent",
    run: async (context) => {
      for (const value of [{}, [], Symbol("x"), () => 1, 2n ** 64n]) {
        const sending = context.send(context.queue(), { text: "x", properties: { a: value as never } });
        const error = await sending.catch((reason: unknown) => reason);
        expect(error, String(value)).to.have.property("code", "invalid-argument");
      }
    },
  },
  {
    id: "J-3.5-10",
    section: "3.5.9",
    title: "JMSXGroupID is read as it was written",
    run: async (context) => {
      expect((await context.echo({ text: "x", groupId: "g-1" })).groupId).to.equal("g-1");
      expect((await context.echo("x")).groupId).to.equal(undefined);
    },
  },
  {
    id: "J-3.5-11",
    section: "3.5.11",
    title: "JMSXDeliveryCount is 1 at the first delivery",
    run: async (context) => {
      expect((await context.echo("x")).deliveryCount).to.equal(1);
    },
  },
  {
    id: "J-3.5-12",
    section: "3.5.11",
    title: "JMSXDeliveryCount grows by one with each delivery that failed",
    run: async (context) => {
      const destination = context.queue();
      await context.send(destination, "x");
      const consumer = await context.consumer(destination);
      (await context.next(consumer)).release({ failed: true });
      const second = await context.next(consumer);
      expect(second.deliveryCount).to.equal(2);
      second.release({ failed: true });
      const third = await context.next(consumer);
      expect(third.deliveryCount).to.equal(3);
      third.accept();
    },
  },
  {
    id: "J-3.5-13",
    section: "3.5.3",
    title: "Properties and the body are apart: both are read from one message",
    run: async (context) => {
      const message = await context.echo({ text: "body", properties: { text: "property" } });
      expect(message.text).to.equal("body");
      expect(message.properties.text).to.equal("property");
    },
  },
  {
    id: "J-3.11-01",
    section: "3.11",
    title: "A text message holds its text, empty and in any script",
    run: async (context) => {
      for (const text of ["plain", "", "Ünï 漢字 😀 \u0000\n"]) {
        const message = await context.echo({ text });
        expect(message.kind).to.equal("text");
        expect(message.text).to.equal(text);
      }
    },
  },
  {
    id: "J-3.11-02",
    section: "3.11",
    title: "A bytes message holds its bytes, each of 256 and none",
    run: async (context) => {
      for (const bytes of [Uint8Array.from({ length: 256 }, (_, index) => index), new Uint8Array(0)]) {
        const message = await context.echo({ bytes });
        expect(message.kind).to.equal("bytes");
        expect([...(message.bytes ?? [])]).to.deep.equal([...bytes]);
      }
    },
  },
  {
    id: "J-3.11-03",
    section: "3.11",
    title: "A message may have no body",
    run: async (context) => {
      const message = await context.echo({ properties: { a: 1 } });
      expect(message.kind).to.equal("message");
      expect(message.body ?? null).to.equal(null);
      expect(message.properties.a).to.equal(1);
    },
  },
  {
    id: "J-3.11-04",
    section: "3.11",
    title: "A body of half a megabyte arrives whole",
    run: async (context) => {
      const text = "0123456789abcdef".repeat(32_768);
      expect((await context.echo({ text })).text).to.equal(text);
    },
  },
  {
    id: "J-3.9-01",
    section: "3.9",
    title: "What becomes of a message after the send does not reach what was sent",
    run: async (context) => {
      const destination = context.queue();
      const bytes = Uint8Array.of(1, 2, 3);
      const sending = context.send(destination, { bytes });
      await sending;
      bytes.fill(0);
      const message = await context.next(await context.consumer(destination));
      expect([...(message.bytes ?? [])]).to.deep.equal([1, 2, 3]);
      message.accept();
    },
  },
];
