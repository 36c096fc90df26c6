import { type Connection, type Message, type OutgoingMessage, queue } from "@quittance/sdk";
import { expect } from "chai";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { DURABLE_CHANNELS, deadLetterAddress, destinationOf } from "../../dist/shared/queue-map.js";
import { END_PROPERTIES } from "../../dist/topology/channel-table.js";
import { TEST_BROKER, useStack } from "../support/stack-for-tests.js";

/** Each is bad in its own way; `reason` is what the dead letter must say of it. */
const POISON: readonly { readonly kind: string; readonly message: OutgoingMessage }[] = [
  { kind: "text that is not JSON", message: { text: "not JSON {" } },
  { kind: "JSON of another shape", message: { json: { hello: "world" } } },
  { kind: "bytes", message: { bytes: new Uint8Array([0, 255, 1]) } },
  { kind: "a message from a newer release", message: { json: { version: 2, paymentId: "pay_from_the_future" } } },
  { kind: "no body at all", message: {} },
];

describe(`Poison, on the ${TEST_BROKER} broker`, () => {
  const system = useStack();
  let operator: Connection;
  before(async () => {
    operator = await system().operator();
  });

  for (const channel of DURABLE_CHANNELS) {
    it(`of every kind on ${channel.address} is set aside with its reason, and payments go on`, async () => {
      const producer = await operator.createProducer(destinationOf(channel));
      // A topic's readers take what their selectors choose: each is given its own.
      const forms = channel.kind === "topic" ? [{}, END_PROPERTIES] : [{}];
      for (const { kind, message } of POISON) {
        for (const form of forms) await producer.send({ ...message, properties: { ...form, kind } });
      }
      const payment = await system().pay({ requestId: `after-poison-on-${channel.address}` });
      expect(payment.state).to.equal(PaymentState.SUCCEEDED);

      const letters = await receive(operator, deadLetterAddress(channel), POISON.length * forms.length);
      for (const { kind } of POISON) {
        const own = letters.filter((letter) => letter.properties.kind === kind);
        expect(own, `dead letters for ${kind}`).to.have.lengthOf(forms.length);
        for (const letter of own) {
          expect(letter.properties.dead_letter_reason).to.be.a("string").that.is.not.equal("");
          expect(letter.properties.dead_letter_origin).to.equal(channel.address);
        }
      }
      await producer.close();
    });
  }

  it("leaves nothing on the dead-letter queues but the poison", async () => {
    for (const channel of DURABLE_CHANNELS) {
      expect(await receive(operator, deadLetterAddress(channel), 1, 300), channel.address).to.deep.equal([]);
    }
  });
});

/** Takes `count` messages, or fewer when no further one comes within `timeoutMs`. */
async function receive(connection: Connection, address: string, count: number, timeoutMs = 10_000): Promise<Message[]> {
  await using consumer = await connection.createConsumer(queue(address));
  const messages: Message[] = [];
  while (messages.length < count) {
    const message = await consumer.receive({ timeoutMs });
    if (message === undefined) break;
    message.accept();
    messages.push(message);
  }
  return messages;
}
