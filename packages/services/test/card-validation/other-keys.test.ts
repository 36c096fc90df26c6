import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { startCardValidation } from "../../dist/card-validation/service.js";
import { type CardDetails, sealCard } from "../../dist/shared/card-seal.js";
import type { PaymentMessage } from "../../dist/shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf } from "../../dist/shared/queue-map.js";
import { captureLog } from "../support/captured-log.js";
import { eventually } from "../support/eventually.js";
import { ringOf } from "../support/key-rings.js";
import { messageKeysFor } from "../support/message-keys.js";
import { useSystemBroker } from "../support/system-broker.js";

const CARD: CardDetails = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" };
const [OURS, THEIRS] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))];

describe("A gateway and a card validation with different sealing keys", function () {
  this.timeout(60_000);
  const broker = useSystemBroker();

  async function start(sealing: Uint8Array) {
    return startCardValidation({
      connection: await broker().connectAs("card-validation"),
      keys: { sealing: ringOf(sealing), fingerprint: ringOf(OURS) },
      messageKeys: messageKeysFor("card-validation"),
      log: captureLog().log,
    });
  }

  async function sealed(letter: string, key: Uint8Array): Promise<PaymentMessage> {
    const payment = {
      version: 1 as const,
      paymentId: `pay_${letter.repeat(32)}`,
      requestId: `request-${letter}`,
      merchantId: "m-bookshop",
      parametersHash: "h".repeat(43),
      amount: { currencyCode: "EUR", minorUnits: "1250" },
      description: "",
      acceptTime: "2026-05-15T10:00:00.000Z",
      deadline: "2026-05-15T10:05:00.000Z",
    };
    return { ...payment, sealedCard: await sealCard(CARD, key, payment) };
  }

  it("lose no payment: all wait, readiness says why, and all go on when the key is right", async () => {
    const gateway = await broker().connectAs("gateway");
    const producer = await gateway.createProducer(destinationOf(CHANNELS.payment));
    const clientBank = await broker().connectAs("client-bank");
    const results = await clientBank.createConsumer(destinationOf(CHANNELS.validationResult), { acknowledge: "auto" });
    const operator = await broker().connectAs("operator");
    const deadLetters = await operator.createConsumer(deadLetterDestination(CHANNELS.payment));

    const mistaken = await start(THEIRS);
    const payments = await Promise.all(["a", "b", "c"].map((letter) => sealed(letter, OURS)));
    for (const json of payments) await producer.send({ json });
    const step = mistaken.steps?.["card-validation"];
    await eventually("the step holds, and says why", () => {
      const { breaker } = step ?? {};
      return breaker?.name === "open" && String(breaker.cause).includes("CARD_SEALING_KEYS");
    });
    expect(await deadLetters.receive({ timeoutMs: 0 }), "a payment was set aside").to.equal(undefined);
    await mistaken.drain({ timeoutMs: 5_000 });

    const mended = await start(OURS);
    const ids = [];
    while (ids.length < payments.length) ids.push((await results.receive({ timeoutMs: 30_000 }))?.correlationId);
    expect(ids.toSorted()).to.deep.equal(payments.map(({ paymentId }) => paymentId));

    // Once a card was opened the key is proven, and another one is the message's own fault.
    const foreign = await sealed("d", THEIRS);
    await producer.send({ json: foreign, correlationId: foreign.paymentId });
    const set = await deadLetters.receive({ timeoutMs: 30_000 });
    expect(set?.properties.dead_letter_reason).to.match(/cannot be opened/);
    set?.accept();
    await mended.drain({ timeoutMs: 5_000 });
  });
});
