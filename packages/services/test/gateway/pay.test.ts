import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { DeclineReason, PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { openCard } from "../../dist/shared/card-seal.js";
import { eventually } from "../support/eventually.js";
import { CARD_NUMBER, failureOf, payBody, payRequest } from "./api-client.js";
import { MERCHANT, useGateway } from "./gateway-for-tests.js";

/** The id of a payment that stands under a request_id. */
const STANDING = `pay_${"s".repeat(32)}`;

describe("Pay", () => {
  const gateway = useGateway();

  it("sends one durable message of priority 7 that holds the payment, with the card sealed", async () => {
    const { api, bank, sealingKey } = gateway();
    const before = Date.now();
    const payment = await api.pay(payRequest("sent", { wait: { seconds: 0n, nanos: 0 } }));
    const { body, message } = await bank.take();
    expect(message.priority).to.equal(7);
    expect(message.deliveryMode).to.equal("persistent");
    expect(message.kind).to.equal("text");
    expect(message.type).to.equal("payment");
    expect(message.correlationId).to.equal(payment.id);
    // Nobody waits; the gateway asks all the same, for until the answer comes the payment is in flight.
    expect(message.replyTo?.kind).to.equal("temporary-queue");
    expect(message.text).not.to.contain(CARD_NUMBER);
    expect(body).to.deep.include({
      paymentId: payment.id,
      requestId: "sent",
      merchantId: MERCHANT,
      amount: { currencyCode: "EUR", minorUnits: "1250" },
      description: "tea",
    });
    expect(await openCard(body.sealedCard, [{ bytes: sealingKey }], body)).to.deep.equal({
      number: CARD_NUMBER,
      expiryMonth: 12,
      expiryYear: 2030,
      holderName: "Ada Lovelace",
    });
    expect(Date.parse(body.acceptTime)).to.be.within(before, Date.now());
    expect(Date.parse(body.deadline) - Date.parse(body.acceptTime)).to.equal(60_000);
  });

  it("with a wait of 0 answers PENDING as soon as the broker has the message", async () => {
    const { api, bank } = gateway();
    const payment = await api.pay(payRequest("at-once", { wait: { seconds: 0n, nanos: 0 } }));
    const { body } = await bank.take();
    expect(payment).to.deep.include({
      id: body.paymentId,
      requestId: "at-once",
      merchant: MERCHANT,
      amount: { currencyCode: "EUR", minorUnits: 1_250n },
      description: "tea",
      state: PaymentState.PENDING,
      createTime: new Date(body.acceptTime),
    });
  });

  it("answers with the final payment once the client's bank replies", async () => {
    const { api, bank } = gateway();
    const paying = api.pay(payRequest("final"));
    const taken = await bank.take();
    expect(taken.message.replyTo?.kind).to.equal("temporary-queue");
    await bank.finish(taken);
    const payment = await paying;
    expect(payment).to.deep.include({
      id: taken.body.paymentId,
      state: PaymentState.SUCCEEDED,
      decline: undefined,
      card: { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030 },
      settleTime: new Date("2026-01-01T00:00:00.300Z"),
      finishTime: new Date("2026-01-01T00:00:00.400Z"),
    });
  });

  it("answers a decline with its reason and a sentence: the call itself succeeded", async () => {
    const { api, bank } = gateway();
    const paying = api.pay(payRequest("declined"));
    await bank.finish(await bank.take(), { state: "DECLINED", declineReason: "INSUFFICIENT_FUNDS" });
    const payment = await paying;
    expect(payment.state).to.equal(PaymentState.DECLINED);
    expect(payment.decline).to.deep.equal({
      reason: DeclineReason.INSUFFICIENT_FUNDS,
      message: "The client's balance is too low.",
      standingPayment: "",
      differingFields: [],
    });
  });

  it("answers PENDING when the wait is over, and not before", async () => {
    const { api, bank } = gateway();
    const startMs = performance.now();
    const payment = await api.pay(payRequest("over", { wait: { seconds: 0n, nanos: 200_000_000 } }));
    expect(performance.now() - startMs).to.be.within(190, 4_900);
    expect(payment.state).to.equal(PaymentState.PENDING);
    await bank.take();
  });

  it("shortens the wait so that its answer arrives before the caller's own deadline", async () => {
    const { api, bank } = gateway();
    const payment = await api.pay(payRequest("deadline"), { deadline: Date.now() + 3_000 });
    expect(payment.state).to.equal(PaymentState.PENDING);
    await bank.take();
  });

  it("gives the same payment to the same request, and wakes all who wait for it", async () => {
    const { api, bank } = gateway();
    const paying = [api.pay(payRequest("twice")), api.pay(payRequest("twice"))];
    const [one, other] = [await bank.take(), await bank.take()];
    expect(other.body.paymentId).to.equal(one.body.paymentId);
    expect(other.body.parametersHash).to.equal(one.body.parametersHash);
    await bank.finish(one);
    const payments = await Promise.all(paying);
    expect(payments.map((payment) => payment.id)).to.deep.equal([one.body.paymentId, one.body.paymentId]);
  });

  it("takes texts of as many code points as documented, and keeps them in Normalization Form C", async () => {
    const { api, bank, sealingKey } = gateway();
    const card = { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: `Rene\u0301${"🍵".repeat(76)}` };
    const nothing = { seconds: 0n, nanos: 0 };
    await api.pay(payRequest("characters", { card, description: "🍵".repeat(140), wait: nothing }));
    const { body } = await bank.take();
    expect(body.description).to.equal("🍵".repeat(140));
    expect((await openCard(body.sealedCard, [{ bytes: sealingKey }], body)).holderName).to.equal(
      `Ren\u00e9${"🍵".repeat(76)}`,
    );
  });

  it("takes a currency that ISO 4217 has and ICU lacks", async () => {
    const { api, bank } = gateway();
    const amount = { currencyCode: "VED", minorUnits: 100n };
    await api.pay(payRequest("bolivar", { amount, wait: { seconds: 0n, nanos: 0 } }));
    expect((await bank.take()).body.amount).to.deep.equal({ currencyCode: "VED", minorUnits: "100" });
  });

  it("takes spaces and hyphens in the card number as nothing", async () => {
    const { api, bank, sealingKey } = gateway();
    const card = { number: "4242-4242 4242 4242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Lovelace" };
    const nothing = { seconds: 0n, nanos: 0 };
    await api.pay(payRequest("spaced", { card, wait: nothing }));
    const spaced = (await bank.take()).body;
    expect((await openCard(spaced.sealedCard, [{ bytes: sealingKey }], spaced)).number).to.equal(CARD_NUMBER);
    await api.pay(payRequest("spaced", { wait: nothing }));
    expect((await bank.take()).body.parametersHash).to.equal(spaced.parametersHash);
  });

  it("says ALREADY_EXISTS when the request_id was used before, and names the payment that stands and what differs", async () => {
    const { api, bank } = gateway();
    const failing = failureOf(api.pay(payRequest("reused")));
    const taken = await bank.take();
    await bank.refuse(taken, STANDING, ["amount.minor_units", "card.holder_name"]);
    const failure = await failing;
    expect(failure.code).to.equal(status.ALREADY_EXISTS);
    expect(failure.message).to.contain("amount.minor_units, card.holder_name");
    expect(failure.info).to.deep.equal({
      reason: "REQUEST_ID_REUSED",
      domain: "quittance",
      metadata: { payment: STANDING },
    });
    expect(failure.violations.map(({ field }) => field)).to.deep.equal(["amount.minor_units", "card.holder_name"]);
  });

  it("gives the same request_id with any other parameter an id of its own, and answers each caller with its own", async () => {
    const { api, bank } = gateway();
    const card = { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Lovelace" };
    const asked: Parameters<typeof payRequest>[1][] = [
      {},
      { description: "coffee" },
      { amount: { currencyCode: "EUR", minorUnits: 1_251n } },
      { amount: { currencyCode: "USD", minorUnits: 1_250n } },
      { card: { ...card, number: "5555555555554444" } },
      { card: { ...card, expiryMonth: 11 } },
      { card: { ...card, expiryYear: 2031 } },
      { card: { ...card, holderName: "Somebody Else" } },
    ];
    const nothing = { seconds: 0n, nanos: 0 };
    const ids = new Set<string>();
    for (const changed of asked) {
      const payment = await api.pay(payRequest("bound", { ...changed, wait: nothing }));
      const { body } = await bank.take();
      expect(payment).to.deep.include({ id: body.paymentId, state: PaymentState.PENDING });
      ids.add(payment.id);
    }
    expect(ids.size).to.equal(asked.length);
  });

  it("takes text in any composition of its letters for the same, and seals and sends it composed", async () => {
    const { api, bank, sealingKey } = gateway();
    const order = (form: "NFC" | "NFD") =>
      payRequest("composed", {
        card: { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: "René Müller".normalize(form) },
        description: "Crème brûlée".normalize(form),
        wait: { seconds: 0n, nanos: 0 },
      });
    const ids = [(await api.pay(order("NFC"))).id, (await api.pay(order("NFD"))).id];
    expect(ids[1]).to.equal(ids[0]);
    for (const { body } of [await bank.take(), await bank.take()]) {
      expect(body.description).to.equal("Crème brûlée".normalize("NFC"));
      expect((await openCard(body.sealedCard, [{ bytes: sealingKey }], body)).holderName).to.equal(
        "René Müller".normalize("NFC"),
      );
    }
  });

  it("tells a reused request_id only to the caller that reused it", async () => {
    const { api, bank } = gateway();
    const first = api.pay(payRequest("race"));
    const firstTaken = await bank.take();
    const second = failureOf(api.pay(payRequest("race", { description: "coffee" })));
    const secondTaken = await bank.take();
    expect(secondTaken.body.paymentId).not.to.equal(firstTaken.body.paymentId);
    await bank.refuse(secondTaken, firstTaken.body.paymentId, ["description"]);
    expect((await second).code).to.equal(status.ALREADY_EXISTS);
    await bank.finish(firstTaken);
    expect((await first).state).to.equal(PaymentState.SUCCEEDED);
  });

  it("never answers one caller with a payment of another's parameters", async () => {
    const { api, bank } = gateway();
    const first = api.pay(payRequest("mixed"));
    const firstTaken = await bank.take();
    const otherHolder = { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: "Somebody Else" };
    const second = failureOf(api.pay(payRequest("mixed", { card: otherHolder })));
    const secondTaken = await bank.take();
    await bank.finish(firstTaken);
    expect((await first).state).to.equal(PaymentState.SUCCEEDED);
    await bank.refuse(secondTaken, firstTaken.body.paymentId, ["card.holder_name"]);
    expect((await second).info?.reason).to.equal("REQUEST_ID_REUSED");
  });

  it("survives a reply that cannot be read", async () => {
    const { api, bank, log } = gateway();
    const paying = api.pay(payRequest("bad-reply"));
    const taken = await bank.take();
    await bank.reply(taken, { version: 99 } as never);
    await eventually("the bad reply is logged", () => log.text().includes("a reply could not be read"));
    await bank.finish(taken);
    expect((await paying).state).to.equal(PaymentState.SUCCEEDED);
  });

  it("continues the caller's trace on the message, and logs a line with the payment and the trace", async () => {
    const { api, bank, log } = gateway();
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const request = payRequest("traced", { wait: { seconds: 0n, nanos: 0 } });
    await api.pay(request, {}, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
    const { body, message } = await bank.take();
    expect(message.traceparent).to.match(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
    const line = log.lines().find((each) => each.payment === body.paymentId);
    expect(line).to.include({ msg: "payment accepted", trace: traceId, merchant: MERCHANT });
  });

  it("never writes a card number to the log", () => {
    expect(gateway().log.text()).not.to.contain(CARD_NUMBER).and.not.to.contain("4242-4242");
  });
});

describe("POST /v1/payments", () => {
  const gateway = useGateway();

  it("answers 200 with the final payment in protobuf's JSON", async () => {
    const { api, bank } = gateway();
    const paying = api.http("/v1/payments", { body: payBody("final") });
    const taken = await bank.take();
    await bank.finish(taken, { amount: { currencyCode: "EUR", minorUnits: "1250" } });
    const answer = await paying;
    expect(answer.status).to.equal(200);
    expect(answer.headers.get("content-type")).to.match(/^application\/json/);
    expect(answer.json.payment).to.deep.include({
      id: taken.body.paymentId,
      requestId: "final",
      merchant: MERCHANT,
      amount: { currencyCode: "EUR", minorUnits: "1250" },
      state: "PAYMENT_STATE_SUCCEEDED",
      card: { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030 },
      finishTime: "2026-01-01T00:00:00.400Z",
    });
    expect(answer.json.payment).not.to.have.property("decline");
  });

  it("answers 202 with a Location while the payment is pending", async () => {
    const { api, bank } = gateway();
    const answer = await api.http("/v1/payments", { body: payBody("pending", { wait: "0s" }) });
    const { body } = await bank.take();
    expect(answer.status).to.equal(202);
    expect(answer.headers.get("location")).to.equal(`/v1/payments/${body.paymentId}`);
    expect(answer.json.payment.state).to.equal("PAYMENT_STATE_PENDING");
  });

  it("takes whole numbers however JSON writes them, as exact as they are written", async () => {
    const { api, bank } = gateway();
    for (const [written, read] of [
      ["1250", "1250"],
      ["1.25e3", "1250"],
      ["1250.0", "1250"],
      ['"1250"', "1250"],
      ["999999999", "999999999"],
    ]) {
      const body = JSON.stringify(payBody("numbers", { wait: "0.000s" })).replace('"1250"', written ?? "");
      const answer = await api.http("/v1/payments", { body });
      expect(answer.status, `${written} ${answer.text}`).to.equal(202);
      expect((await bank.take()).body.amount.minorUnits).to.equal(read);
    }
  });

  it("takes null for a field that is not there", async () => {
    const { api, bank } = gateway();
    const answer = await api.http("/v1/payments", { body: payBody("nulls", { description: null, wait: "0s" }) });
    expect(answer.status, answer.text).to.equal(202);
    expect((await bank.take()).body.description).to.equal("");
  });

  it("takes UTF-8 that is said to be so, and no coding that is said to be none", async () => {
    const { api, bank } = gateway();
    for (const type of ["application/json", "application/json; charset=utf-8", 'application/json;charset="UTF-8"']) {
      const headers = { "content-type": type, "content-encoding": "identity" };
      const answer = await api.http("/v1/payments", { body: payBody("charset", { wait: "0s" }), headers });
      expect(answer.status, answer.text).to.equal(202);
      await bank.take();
    }
  });

  it("is the same payment as by gRPC", async () => {
    const { api, bank } = gateway();
    await api.http("/v1/payments", { body: payBody("same", { wait: "0s" }) });
    await api.pay(payRequest("same", { wait: { seconds: 0n, nanos: 0 } }));
    const [one, other] = [(await bank.take()).body, (await bank.take()).body];
    expect(one.paymentId).to.equal(other.paymentId);
    expect(one.parametersHash).to.equal(other.parametersHash);
  });

  it("takes the request_id from an Idempotency-Key header, quoted or not, and the proto's own field names", async () => {
    const { api, bank } = gateway();
    for (const key of ["from-header", '"from-header"']) {
      const body = { ...payBody("", { wait: "0s" }), requestId: undefined };
      const answer = await api.http("/v1/payments", { body, headers: { "idempotency-key": key } });
      expect(answer.status, answer.text).to.equal(202);
      expect((await bank.take()).body.requestId).to.equal("from-header");
    }
    const { requestId: _, ...rest } = payBody("", { wait: "0s" });
    const answer = await api.http("/v1/payments", { body: { ...rest, request_id: "snake" } });
    expect(answer.status, answer.text).to.equal(202);
    expect((await bank.take()).body.requestId).to.equal("snake");
  });

  it("answers 409 for a request_id used with other parameters", async () => {
    const { api, bank } = gateway();
    const paying = api.http("/v1/payments", { body: payBody("reused") });
    const taken = await bank.take();
    await bank.refuse(taken, STANDING, ["amount.minor_units", "card.holder_name"]);
    const answer = await paying;
    expect(answer.status).to.equal(409);
    expect(answer.headers.get("content-type")).to.equal("application/problem+json");
    expect(answer.json).to.deep.include({
      type: "urn:quittance:problem:request-id-reused",
      title: "Conflict",
      status: 409,
      reason: "REQUEST_ID_REUSED",
      payment: STANDING,
    });
    expect(answer.json.detail).to.contain("amount.minorUnits, card.holderName");
    expect(answer.json.violations.map(({ field }: { field: string }) => field)).to.deep.equal([
      "amount.minorUnits",
      "card.holderName",
    ]);
  });

  it("continues the trace of a traceparent header", async () => {
    const { api, bank } = gateway();
    const traceparent = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await api.http("/v1/payments", { body: payBody("traced", { wait: "0s" }), headers: { traceparent } });
    expect((await bank.take()).message.traceparent).to.contain("1af7651916cd43dd8448eb211c80319c");
  });
});

describe("Pay with little room", () => {
  const gateway = useGateway({ MAXIMUM_WAITING_CALLS: "0", PAYMENT_DEADLINE_SECONDS: "7" });

  it("answers as soon as it is accepted when too many wait already", async () => {
    const { api, bank } = gateway();
    const payment = await api.pay(payRequest("no-room"));
    expect(payment.state).to.equal(PaymentState.PENDING);
    const { body } = await bank.take();
    expect(Date.parse(body.deadline) - Date.parse(body.acceptTime)).to.equal(7_000);
  });
});
