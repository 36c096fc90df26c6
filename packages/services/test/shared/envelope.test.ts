import { type Destination, type Message, queue } from "@quittance/sdk";
import { expect } from "chai";
import { replyAddressOf } from "../../dist/shared/envelope.js";
import { ALL_CHANNELS, deadLetterAddress } from "../../dist/shared/queue-map.js";
import { envelopesOf } from "../support/message-keys.js";

const WAITING: Destination = { kind: "temporary-queue", address: "2c1cb5d4-temporary" };

function inputWith(fields: Partial<Pick<Message, "messageId" | "replyTo">>): Message {
  return { messageId: undefined, replyTo: undefined, ...fields } as Message;
}

describe("an envelope", () => {
  const envelopes = envelopesOf("client-bank");

  it("is JSON text with its JMSType and correlation id", () => {
    const message = envelopes.message("bank-result", { hello: "world" }, { correlationId: "pay_1" });
    expect(message).to.include({ type: "bank-result", correlationId: "pay_1", text: '{"hello":"world"}' });
  });

  it("of an outcome passes on who waits, and has the same duplicate id for the same input", () => {
    const input = inputWith({ messageId: "ID:7", replyTo: WAITING });
    const outcome = envelopes.outcome("bank-result", {}, { correlationId: "pay_1", input });
    expect(outcome.message.replyTo).to.equal(WAITING);
    expect(outcome.options).to.deep.equal({ duplicateId: "ID:7" });
    const nameless = inputWith({ replyTo: WAITING });
    const [one, other] = [nameless, inputWith({})].map(
      (from) => envelopes.outcome("bank-result", {}, { correlationId: "pay_1", input: from }).options?.duplicateId,
    );
    expect(one).to.not.equal(other);
  });

  it("of an answer is volatile, and names what it is about unless that is several", () => {
    const answer = envelopes.reply("gateway-reply", {}, WAITING, "pay_1");
    expect(answer).to.deep.include({ destination: WAITING, options: { deliveryMode: "non-persistent" } });
    expect(answer.message.correlationId).to.equal("pay_1");
    expect(envelopes.reply("gateway-replies", {}, WAITING).message).to.not.have.property("correlationId");
  });

  it("goes to nobody when nobody waits", () => {
    expect(envelopes.replyAddressOf(inputWith({}))).to.equal(undefined);
  });

  it("sends a message again, for later, as its writer made it, with no duplicate id that could make the broker drop it", () => {
    const input = {
      text: '{ "as": "it was" }',
      ...{ destination: queue("refund"), type: "refund", correlationId: "ref_1", replyTo: WAITING },
      ...{ traceparent: "00-a-b-01", deliveryMode: "persistent", priority: 7, messageId: "ID:7" },
      typedProperties: { signature: "s", waiting_since: "1", _AMQ_DUPL_ID: "ID:6", traceparent: "00-a-b-01" },
    } as unknown as Message;
    expect(envelopes.again(input, { delayMs: 250, properties: { waiting_since: "2" } })).to.deep.equal({
      destination: queue("refund"),
      message: {
        text: '{ "as": "it was" }',
        properties: { signature: "s", waiting_since: "2" },
        ...{ type: "refund", correlationId: "ref_1", replyTo: WAITING, traceparent: "00-a-b-01" },
      },
      options: { deliveryMode: "persistent", priority: 7, deliveryDelayMs: 250 },
    });
  });

  it("goes back to a temporary queue only, whatever the message names", () => {
    expect(replyAddressOf({ replyTo: WAITING })).to.equal(WAITING);
    const system = ALL_CHANNELS.flatMap((channel) => [channel.address, deadLetterAddress(channel)]);
    const forged: Destination[] = system.flatMap((address) => [
      queue(address),
      { kind: "topic", address },
      { kind: "temporary-queue", address },
      { kind: "temporary-queue", address: `${address}::${address}` },
      { kind: "temporary-topic", address },
    ]);
    for (const replyTo of forged) expect(replyAddressOf({ replyTo }), JSON.stringify(replyTo)).to.equal(undefined);
  });
});
