/** Map, stream and object messages (section 3.11), and the number types of properties (3.5). */
import { byte, double, float, int, long, short } from "@quittance/sdk";
import { expect } from "chai";
import type { ConformanceCase } from "../suite/conformance-case.js";

const ENTRIES = { text: "ä", whole: 7, fraction: 0.5, yes: true, nothing: null };

export const MESSAGE_KIND_CASES: readonly ConformanceCase[] = [
  {
    id: "J-3.11-05",
    section: "3.11.3",
    title: "A map message holds its names and values, null among them",
    run: async (context) => {
      const message = await context.echo({ map: ENTRIES });
      expect(message.kind).to.equal("map");
      expect(message.map).to.deep.equal(ENTRIES);
    },
  },
  {
    id: "J-3.11-06",
    section: "3.11.3",
    title: "A map message holds bytes",
    run: async (context) => {
      const message = await context.echo({ map: { bytes: Uint8Array.of(0, 255) } });
      expect([...((message.map?.bytes ?? []) as Iterable<number>)]).to.deep.equal([0, 255]);
    },
  },
  {
    id: "J-3.11-07",
    section: "3.11",
    title: "An empty map is a map message",
    run: async (context) => {
      const message = await context.echo({ map: {} });
      expect(message.kind).to.equal("map");
      expect(message.map).to.deep.equal({});
    },
  },
  {
    id: "J-3.11-08",
    section: "3.11.3",
    title: "A stream message holds its values in order, null among them",
    run: async (context) => {
      const message = await context.echo({ stream: Object.values(ENTRIES) });
      expect(message.kind).to.equal("stream");
      expect(message.stream).to.deep.equal(Object.values(ENTRIES));
    },
  },
  {
    id: "J-3.11-09",
    section: "3.11",
    title: "An empty stream is a stream message",
    run: async (context) => {
      const message = await context.echo({ stream: [] });
      expect(message.kind).to.equal("stream");
      expect(message.stream).to.deep.equal([]);
    },
  },
  {
    id: "J-3.11-10",
    section: "3.11",
    title: "An object message holds its bytes and says what they are",
    run: async (context) => {
      const message = await context.echo({ object: Uint8Array.of(0xac, 0xed, 0, 5, 0x70) });
      expect(message.kind).to.equal("object");
      expect([...(message.bytes ?? [])]).to.deep.equal([0xac, 0xed, 0, 5, 0x70]);
      expect(message.contentType).to.equal("application/x-java-serialized-object");
    },
  },
  {
    id: "J-3.5-14",
    section: "3.5.2",
    title: "Each number type of a property keeps its value at both ends of its range",
    run: async (context) => {
      const { properties } = await context.echo({
        text: "x",
        properties: {
          leastByte: byte(-128),
          mostByte: byte(127),
          leastShort: short(-32_768),
          mostShort: short(32_767),
          anInt: int(5),
          aLong: long(9_223_372_036_854_775_807n),
          aFloat: float(0.25),
          aDouble: double(3),
        },
      });
      expect(properties).to.include({ leastByte: -128, mostByte: 127, leastShort: -32_768, mostShort: 32_767 });
      expect(properties).to.include({ anInt: 5, aLong: 9_223_372_036_854_775_807n, aFloat: 0.25, aDouble: 3 });
    },
  },
  {
    id: "J-3.5-15",
    section: "3.5.9",
    title: "JMSXGroupSeq is read as it was written",
    run: async (context) => {
      const message = await context.echo({ text: "x", groupId: "g", groupSequence: 3 });
      expect(message.groupSequence).to.equal(3);
    },
  },
];
