import { randomBytes } from "node:crypto";
import type { Connection, Consumer, Destination, Message, OutgoingMessage, Producer } from "@quittance/sdk";
import { expect } from "chai";
import { startCardValidation } from "../../dist/card-validation/service.js";
import type { RunningService } from "../../dist/platform/run-service.js";
import { fingerprintCard, fingerprintHolder } from "../../dist/shared/card-fingerprint.js";
import { type CardDetails, sealCard } from "../../dist/shared/card-seal.js";
import {
  type PaymentMessage,
  type ValidationResultMessage,
  validationResultMessage,
} from "../../dist/shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf } from "../../dist/shared/queue-map.js";
import { captureLog } from "../support/captured-log.js";
import { ringOf } from "../support/key-rings.js";
import { envelopesOf, messageKeysFor } from "../support/message-keys.js";
import { useSystemBroker } from "../support/system-broker.js";

const KEYS = { sealing: new Uint8Array(randomBytes(32)), fingerprint: new Uint8Array(randomBytes(32)) };
const CANARY = "4012888888881881";
const GOOD_CARD: CardDetails = { number: CANARY, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" };
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const RECEIVE = { timeoutMs: 30_000 };

function paymentIdOf(number: number): string {
  const letters = number.toString(8).replace(/./g, (digit) => "abcdefgh"[Number(digit)] ?? "");
  return `pay_${letters.padStart(32, "z")}`;
}

describe("Step 2, card validation", function () {
  this.timeout(30_000);
  const broker = useSystemBroker();
  const captured = captureLog();
  /** Everything that step 2 sent, for the search for the canary. */
  const seen: Message[] = [];
  let service: RunningService;
  let gateway: Connection;
  let producer: Producer;
  let results: Consumer;
  let deadLetters: Consumer;
  let count = 0;

  before(async () => {
    service = await startCardValidation({
      connection: await broker().connectAs("card-validation"),
      keys: { sealing: ringOf(KEYS.sealing), fingerprint: ringOf(KEYS.fingerprint) },
      messageKeys: messageKeysFor("card-validation"),
      log: captured.log,
    });
    gateway = await broker().connectAs("gateway");
    producer = await gateway.createProducer(destinationOf(CHANNELS.payment), { priority: CHANNELS.payment.priority });
    const operator = await broker().connectAs("operator");
    const clientBank = await broker().connectAs("client-bank");
    results = await clientBank.createConsumer(destinationOf(CHANNELS.validationResult));
    deadLetters = await operator.createConsumer(deadLetterDestination(CHANNELS.payment));
  });

  after(() => service.drain({ timeoutMs: 5_000 }));

  async function paymentOf(
    card: CardDetails | string,
    changes: object = {},
    key: Uint8Array = KEYS.sealing,
  ): Promise<PaymentMessage> {
    count += 1;
    const payment = {
      version: 1 as const,
      paymentId: paymentIdOf(count),
      requestId: `request-${count}`,
      merchantId: "m-bookshop",
      parametersHash: "h".repeat(43),
      amount: { currencyCode: "EUR", minorUnits: "1250" },
      description: "Two books",
      acceptTime: "2026-05-15T10:00:00.000Z",
      deadline: "2026-05-15T10:05:00.000Z",
      ...changes,
    };
    return { ...payment, sealedCard: typeof card === "string" ? card : await sealCard(card, key, payment) };
  }

  async function send(payment: PaymentMessage, headers: Omit<OutgoingMessage, "text" | "bytes"> = {}): Promise<void> {
    await producer.send({ correlationId: payment.paymentId, traceparent: TRACEPARENT, ...headers, json: payment });
  }

  async function next(consumer: Consumer): Promise<Message> {
    const message = await consumer.receive(RECEIVE);
    if (message === undefined) throw new Error(`Nothing came from ${consumer.destination.address}.`);
    seen.push(message);
    message.accept();
    return message;
  }

  async function nextResult(): Promise<ValidationResultMessage> {
    return (await next(results)).json(validationResultMessage);
  }

  it("passes a good card's payment on with its facts and without its number", async () => {
    const payment = await paymentOf(GOOD_CARD);
    await send(payment);
    const { validateTime, ...result } = await nextResult();
    const { sealedCard: _sealed, ...passedOn } = payment;
    expect(result).to.deep.equal({
      ...passedOn,
      card: {
        brand: "visa",
        lastFour: "1881",
        expiryMonth: 12,
        expiryYear: 2030,
        fingerprint: fingerprintCard(CANARY, KEYS.fingerprint),
        holder: fingerprintHolder(GOOD_CARD.holderName, KEYS.fingerprint),
      },
    });
    expect(Math.abs(Date.parse(validateTime) - Date.now())).to.be.lessThan(60_000);
  });

  it("sends a durable text message of medium priority, with the reply address and the trace of its input", async () => {
    const replies: Destination = await gateway.createTemporaryQueue();
    const payment = await paymentOf(GOOD_CARD);
    await send(payment, { replyTo: replies });
    const message = await next(results);
    expect(message.kind).to.equal("text");
    expect(message.priority).to.equal(4);
    expect(message.deliveryMode).to.equal("persistent");
    expect(message.type).to.equal("validation-result");
    expect(envelopesOf("client-bank").problemOf("validation-result", message)).to.equal(undefined);
    expect(message.correlationId).to.equal(payment.paymentId);
    expect(message.replyTo).to.include({ address: replies.address, kind: "temporary-queue" });
    expect(message.traceparent?.slice(3, 35)).to.equal(TRACE_ID);
  });

  const declined: [string, Partial<CardDetails>, string][] = [
    ["a wrong check digit", { number: "4012888888881882" }, "INVALID_CARD_NUMBER"],
    ["a length that the brand does not have", { number: "4242424242424" }, "INVALID_CARD_NUMBER"],
    ["a card that expired before the payment was accepted", { expiryMonth: 4, expiryYear: 2026 }, "CARD_EXPIRED"],
  ];
  for (const [what, changes, declineReason] of declined) {
    it(`sends ${what} the same way, declined`, async () => {
      await send(await paymentOf({ ...GOOD_CARD, ...changes }));
      expect(await nextResult()).to.deep.include({ declineReason });
    });
  }

  it("leaves a number of an unknown brand to the bank: the issuer decides", async () => {
    await send(await paymentOf({ ...GOOD_CARD, number: "1234567812345670" }));
    const result = await nextResult();
    expect(result).to.not.have.property("declineReason");
    expect(result.card).to.include({ brand: "unknown", lastFour: "5670" });
  });

  it("judges expiry when the payment was accepted, however late it comes", async () => {
    const card = { ...GOOD_CARD, expiryMonth: 4, expiryYear: 2001 };
    await send(await paymentOf(card, { acceptTime: "2001-05-01T11:59:59.999Z" }));
    expect(await nextResult()).to.not.have.property("declineReason");
  });

  it("passes a message that came twice on once", async () => {
    const twice = await paymentOf(GOOD_CARD);
    await send(twice, { messageId: "the-same" });
    await send(twice, { messageId: "the-same" });
    const after = await paymentOf(GOOD_CARD);
    await send(after);
    expect((await nextResult()).paymentId).to.equal(twice.paymentId);
    expect((await nextResult()).paymentId).to.equal(after.paymentId);
  });

  it("passes two requests of one payment on, for each has a caller of its own", async () => {
    const payment = await paymentOf(GOOD_CARD);
    await send(payment);
    await send(payment);
    expect((await nextResult()).paymentId).to.equal(payment.paymentId);
    expect((await nextResult()).paymentId).to.equal(payment.paymentId);
  });

  it("passes a crowd on, each once", async () => {
    const payments = await Promise.all(Array.from({ length: 250 }, () => paymentOf(GOOD_CARD)));
    await Promise.all(payments.map((payment) => send(payment)));
    const passed = new Set<string>();
    for (const _ of payments) passed.add((await nextResult()).paymentId);
    expect([...passed].sort()).to.deep.equal(payments.map(({ paymentId }) => paymentId).sort());
  });

  describe("sets aside, with the reason, and goes on after", () => {
    const poison: [string, () => Promise<OutgoingMessage>, RegExp][] = [
      ["a text that is not JSON", async () => ({ text: "{" }), /JSON/],
      ["bytes", async () => ({ bytes: new Uint8Array([1, 2, 3]) }), /text/i],
      ["a message without a body", async () => ({}), /text/i],
      ["a body of another form", async () => ({ json: { hello: "world" } }), /does not fit the schema at .*paymentId/],
      [
        "an amount that is a number",
        async () => ({ json: await paymentOf(GOOD_CARD, { amount: { currencyCode: "EUR", minorUnits: 1250 } }) }),
        /does not fit the schema at amount\.minorUnits/,
      ],
      [
        "a message of the future",
        async () => ({ json: await paymentOf(GOOD_CARD, { version: 2 }) }),
        /does not fit the schema at version/,
      ],
      ["a card that is not sealed at all", async () => ({ json: await paymentOf("sealed?") }), /cannot be opened/],
      [
        "a card that was sealed with another key",
        async () => ({ json: await paymentOf(GOOD_CARD, {}, new Uint8Array(32)) }),
        /cannot be opened/,
      ],
      [
        "a sealed card that was changed",
        async () => {
          const payment = await paymentOf(GOOD_CARD);
          return { json: { ...payment, sealedCard: payment.sealedCard.replace(/.$/, "~") } };
        },
        /cannot be opened/,
      ],
      [
        "a seal around something that is no card",
        async () => ({ json: await paymentOf({ ...GOOD_CARD, expiryMonth: 13 }) }),
        /does not hold a card/,
      ],
    ];
    for (const [what, make, reason] of poison) {
      it(what, async () => {
        await producer.send({ ...(await make()), traceparent: TRACEPARENT });
        const deadLetter = await next(deadLetters);
        expect(deadLetter.properties.dead_letter_reason).to.match(reason);
        expect(deadLetter.properties.dead_letter_origin).to.equal("payment");
        const good = await paymentOf(GOOD_CARD);
        await send(good);
        expect((await nextResult()).paymentId).to.equal(good.paymentId);
      });
    }
  });

  it("opens a card in its own message alone: not in a copy with any other field, nor with one more", async () => {
    const payment = await paymentOf(GOOD_CARD);
    const copies: object[] = [
      { ...payment, paymentId: paymentIdOf(7_777_777) },
      { ...payment, requestId: "another" },
      { ...payment, merchantId: "m-thief" },
      { ...payment, parametersHash: "g".repeat(43) },
      { ...payment, amount: { currencyCode: "EUR", minorUnits: "77700" } },
      { ...payment, amount: { currencyCode: "USD", minorUnits: "1250" } },
      { ...payment, description: "Three books" },
      { ...payment, acceptTime: "2026-05-15T10:00:00.001Z" },
      { ...payment, deadline: "2036-05-15T10:05:00.000Z" },
      { ...payment, ofALaterRelease: true },
    ];
    for (const json of copies) {
      await producer.send({ json, traceparent: TRACEPARENT });
      const { properties } = await next(deadLetters);
      expect(properties.dead_letter_reason).to.equal("The card was sealed into another message than this one.");
    }
    await send(payment);
    expect((await nextResult()).paymentId).to.equal(payment.paymentId);
  });

  it("passes a field of a later release over, where the seal covers it", async () => {
    const payment = await paymentOf(GOOD_CARD, { ofALaterRelease: { points: "12" } });
    await send(payment);
    expect((await nextResult()).paymentId).to.equal(payment.paymentId);
  });

  it("leaves one log line for each payment, with its trace and without its card", async () => {
    const payment = await paymentOf({ ...GOOD_CARD, expiryYear: 2020 });
    await send(payment);
    await nextResult();
    const lines = captured.lines().filter((line) => line.payment === payment.paymentId);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.deep.include({ trace: TRACE_ID, step: "2", opened: true, decline: "CARD_EXPIRED" });
  });

  it("leaves a log line for each card that could not be opened", async () => {
    const payment = await paymentOf("sealed?");
    await send(payment);
    await next(deadLetters);
    const lines = captured.lines().filter((line) => line.payment === payment.paymentId && line.opened === false);
    expect(lines).to.have.length(1);
  });

  // Mocha runs the tests of a suite before its inner suites: the search comes after all of them.
  describe("in all of this", () => {
    it("writes the card number into no message, no dead letter and no log line", () => {
      expect(seen.length).to.be.greaterThan(250);
      for (const { body, properties, messageId, correlationId } of seen) {
        expect(JSON.stringify({ body, properties, messageId, correlationId })).to.not.contain(CANARY);
      }
      expect(captured.text()).to.not.contain(CANARY);
    });
  });
});
