/** Messages of other AMQP clients on their way to a dead-letter queue, to a later delivery, and back. */
import { expect } from "chai";
import rhea from "rhea";
import { rawEntries, rawSections } from "../../dist/amqp/raw-sections.js";
import { RECEIVED } from "../../dist/amqp/received-content.js";
import type { Message } from "../../dist/mod.js";
import { strangeMessages } from "../amqp/strange-messages.js";
import { DEAD, IN, passOn, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

describe("A message that JMS has no words for", () => {
  it("reaches the dead-letter queue, and comes back from it, as it was", async () => {
    await using step = await StepFixture.start();
    const strange = strangeMessages();
    await sendRaw(
      step.broker.url,
      strange.map(([, payload]) => payload),
    );
    const processor = await step.open({ handle: passOn });
    await until("all are set aside", () => processor.counts.deadLettered === strange.length);
    await processor.drain();
    const letters = step.connection.deadLetters(DEAD);
    for (const letter of await letters.list()) {
      expect(letter.errorClass).to.equal("poison");
      expect(await letters.replay(letter.messageId as string)).to.equal(true);
    }
    await until("the letters are gone", async () => (await step.count("dead")) === 0);
    const back = await step.take("in", strange.length);
    expect(back.map(bodyOf).toSorted()).to.deep.equal(strange.map(([, payload]) => bodyIn(payload)).toSorted());
    for (const message of back) {
      expect(propertiesIn(payloadOf(message))).to.include(propertiesIn(strange[0]?.[1] as Buffer));
      expect(message).to.include({ correlationId: "ID:AMQP_ULONG:18446744073709551615", type: "subject", priority: 7 });
      expect(message).to.include({ groupId: "group", groupSequence: 4_294_967_295 });
    }
  });

  it("is delivered later as it was, when its handler fails", async () => {
    await using step = await StepFixture.start();
    const payload = textWithStrangeProperties();
    await sendRaw(step.broker.url, [payload]);
    const seen: Message[] = [];
    const processor = await step.open({
      classify: () => "permanent",
      retry: { redeliveryDelayMs: 5 },
      handle(batch) {
        seen.push(...batch.map(({ message }) => message));
        if (seen.length < 3) throw new TypeError("broken");
        return passOn(batch);
      },
    });
    await until("it is handled at last", () => processor.counts.handled === 1);
    for (const message of seen) {
      expect(propertiesIn(payloadOf(message))).to.include(propertiesIn(payload));
      expect(bodyOf(message)).to.equal(bodyIn(payload));
    }
    expect(seen.map(({ properties }) => properties.redelivery_attempts)).to.deep.equal([undefined, 1, 2]);
  });
});

function textWithStrangeProperties(): Buffer {
  const application_properties = { "content-encoding": "x", "x-trace": rhea.types.wrap_ulong(7), not: "n" };
  return rhea.message.encode({ body: JSON.stringify({ id: "p", amount: 1 }), application_properties }) as Buffer;
}

/** Sends bytes as they are, by rhea alone. */
async function sendRaw(url: string, payloads: readonly Buffer[]): Promise<void> {
  const connection = rhea.create_container().connect({
    host: "127.0.0.1",
    port: Number(new URL(url).port),
    username: "anybody",
    reconnect: false,
  } as never);
  const sender = connection.open_sender(IN.address);
  let accepted = 0;
  sender.on("accepted", () => {
    accepted++;
  });
  sender.once("sendable", () => {
    for (const payload of payloads) sender.send(payload, undefined, 0);
  });
  await until("the broker has all", () => accepted === payloads.length);
  let closed = false;
  connection.once("connection_close", () => {
    closed = true;
  });
  connection.close();
  await until("the connection is closed", () => closed);
}

function payloadOf(message: Message): Buffer {
  return (message as unknown as { readonly [RECEIVED]: { readonly payload: Buffer } })[RECEIVED].payload;
}

function bodyOf(message: Message): string {
  return bodyIn(payloadOf(message));
}

function bodyIn(payload: Buffer): string {
  return Buffer.concat(rawSections(payload).body).toString("hex");
}

function propertiesIn(payload: Buffer): Record<string, string> {
  const entries = rawEntries(rawSections(payload).applicationProperties);
  return Object.fromEntries(entries.map(({ key, bytes }) => [String(key), bytes.toString("hex")]));
}
