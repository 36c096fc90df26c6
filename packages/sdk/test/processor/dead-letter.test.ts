import { expect } from "chai";
import { byte, long, topic } from "../../dist/mod.js";
import { passOn, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

describe("A dead letter", () => {
  it("keeps the body and its types, whatever JMS type it is, and tells that it came from a topic", async () => {
    const addresses = [
      { address: "events", kind: "topic" as const, subscriptions: ["audit"] },
      { address: "dead", kind: "queue" as const },
    ];
    await using step = await StepFixture.start({ addresses });
    await using producer = await step.connection.createProducer(topic("events"));
    await producer.send({ map: { small: byte(5), big: long(7n), text: "x", none: null } });
    await producer.send({ stream: [long(1n), "two", true] });
    await producer.send({ object: new Uint8Array([1, 2]), contentType: "application/x-thing" });
    await producer.send({});
    const processor = await step.open({
      from: topic("events"),
      subscription: { name: "audit" },
      to: undefined,
      handle: passOn,
    } as never);
    await until("all are set aside", () => processor.counts.deadLettered === 4);
    const letters = await step.take("dead", 4);
    const [map, stream, object, empty] = ["map", "stream", "object", "message"].map((kind) =>
      letters.find((letter) => letter.kind === kind),
    );
    const types = ["small", "big", "text", "none"].map((key) => map?.entryType(key));
    expect(types).to.deep.equal(["byte", "long", "string", undefined]);
    expect(map?.map).to.deep.equal({ small: 5, big: 7, text: "x", none: null });
    expect([0, 1, 2].map((index) => stream?.entryType(index))).to.deep.equal(["long", "string", "boolean"]);
    expect(object?.contentType).to.equal("application/x-thing");
    expect([...(object?.bytes ?? [])]).to.deep.equal([1, 2]);
    expect(empty?.body ?? null).to.equal(null);
    for (const { properties } of letters) {
      expect(properties).to.include({ dead_letter_origin: "events", dead_letter_origin_kind: "topic" });
    }
  });
});
