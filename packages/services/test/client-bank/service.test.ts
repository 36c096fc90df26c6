import { randomBytes } from "node:crypto";
import type { Connection, Consumer, Destination, Message, Producer, TemporaryQueue } from "@quittance/sdk";
import { expect } from "chai";
import { startClientBank } from "../../dist/client-bank/service.js";
import { concludeOrders } from "../../dist/client-bank/step-h2-conclude.js";
import { openDatabase } from "../../dist/platform/database.js";
import type { RunningService } from "../../dist/platform/run-service.js";
import type { HoldOrderMessage } from "../../dist/shared/hold-order.js";
import {
  bankResultMessage,
  gatewayReply,
  paymentEndMessage,
  paymentUpdateMessage,
  type TransactionResultMessage,
  type ValidationResultMessage,
} from "../../dist/shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf, subscriptionOf } from "../../dist/shared/queue-map.js";
import { type PaymentReadRequest, paymentReadReply } from "../../dist/shared/read-messages.js";
import { type RefundResultMessage, refundUpdateMessage } from "../../dist/shared/refund-messages.js";
import {
  balanceOf,
  nextPaymentId,
  refundOf,
  someClient,
  transactionResult,
  untilCommitted,
  useBanks,
  validationResult,
  wrongBooks,
} from "../operator/banks-for-tests.js";
import { captureLog } from "../support/captured-log.js";
import { eventually } from "../support/eventually.js";
import { envelopesOf, messageKeysFor } from "../support/message-keys.js";
import { useSystemBroker } from "../support/system-broker.js";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const CLIENTS = "client_bank.clients";

describe("Steps 3 and 5b, client-bank", function () {
  this.timeout(60_000);
  let service: RunningService | undefined;
  after(() => service?.drain({ timeoutMs: 5_000 }));
  const broker = useSystemBroker();
  const banks = useBanks();
  const captured = captureLog();
  let validationResults: Producer;
  let transactionResults: Producer;
  let refundResults: Producer;
  let holdOrders: Producer;
  let bankResults: Consumer;
  let updates: Consumer;
  let gateway: Connection;
  let replyTo: TemporaryQueue;
  let replies: Consumer;
  /** As notification reads them. */
  let ends: Consumer;
  let deadLetters: { readonly capture: Consumer; readonly finish: Consumer };

  before(async () => {
    service = await startClientBank({
      connection: await broker().connectAs("client-bank"),
      database: openDatabase({
        url: banks().superuser.urlOf("client_bank"),
        poolSize: 4,
        service: "client-bank-test",
        log: captured.log,
      }),
      log: captured.log,
      messageKeys: messageKeysFor("client-bank"),
    });
    const cardValidation = await broker().connectAs("card-validation");
    validationResults = await cardValidation.createProducer(destinationOf(CHANNELS.validationResult));
    const merchantBank = await broker().connectAs("merchant-bank");
    transactionResults = await merchantBank.createProducer(destinationOf(CHANNELS.transactionResult));
    refundResults = await merchantBank.createProducer(destinationOf(CHANNELS.refundResult));
    bankResults = await merchantBank.createConsumer(destinationOf(CHANNELS.bankResult), { acknowledge: "auto" });
    gateway = await broker().connectAs("gateway");
    updates = await gateway.createConsumer(destinationOf(CHANNELS.paymentUpdate), { acknowledge: "auto" });
    replyTo = await gateway.createTemporaryQueue();
    holdOrders = await gateway.createProducer(destinationOf(CHANNELS.holdOrder));
    replies = await gateway.createConsumer(replyTo, { acknowledge: "auto" });
    const notification = await broker().connectAs("notification");
    ends = await notification.createConsumer(destinationOf(CHANNELS.transactionResult), {
      subscription: subscriptionOf(CHANNELS.transactionResult, "notification"),
      acknowledge: "auto",
    });
    const operator = await broker().connectAs("operator");
    deadLetters = {
      capture: await operator.createConsumer(deadLetterDestination(CHANNELS.validationResult), { acknowledge: "auto" }),
      finish: await operator.createConsumer(deadLetterDestination(CHANNELS.transactionResult), { acknowledge: "auto" }),
    };
  });

  async function next(consumer: Consumer): Promise<Message> {
    const message = await consumer.receive({ timeoutMs: 30_000 });
    if (message === undefined) throw new Error(`Nothing came from ${consumer.destination.address}.`);
    return message;
  }

  /** The update of a payment's new state, in the order in which they are published. */
  async function nextUpdate(): Promise<string> {
    const message = await next(updates);
    const { payment } = paymentUpdateMessage.parse(message.json());
    expect(message.properties).to.include({ merchant: payment.merchantId, payment: payment.id });
    expect(message.deliveryMode).to.equal("non-persistent");
    return `${payment.id} ${payment.state}`;
  }

  /** A reply to the gateway that waits, by its outcome. */
  async function nextReply(): Promise<{ readonly about: string | undefined; readonly told: string }> {
    const message = await next(replies);
    const reply = gatewayReply.parse(message.json());
    expect(message.deliveryMode).to.equal("non-persistent");
    return { about: message.correlationId, told: reply.payment.state };
  }

  /** The end of one payment, whatever came before it of others. */
  async function endOf(paymentId: string): Promise<Message> {
    for (;;) {
      const message = await next(ends);
      if (message.correlationId === paymentId) return message;
    }
  }

  const send = (message: ValidationResultMessage) =>
    validationResults.send(
      envelopesOf("card-validation").message("validation-result", message, { replyTo, traceparent: TRACEPARENT }),
    );
  const sendResult = (message: TransactionResultMessage) =>
    transactionResults.send(
      envelopesOf("merchant-bank").message("transaction-result", message, { replyTo, traceparent: TRACEPARENT }),
    );

  /** Those of the payments that their merchants have. */
  async function read(...payments: readonly { readonly id: string; readonly merchantId: string }[]) {
    const request: PaymentReadRequest = { version: 1, operation: "get-many", payments: [...payments], refunds: [] };
    const reply = await gateway.request(
      destinationOf(CHANNELS.paymentRead),
      envelopesOf("gateway").message("payment-read", request, {}),
    );
    return paymentReadReply.parse(reply.json()).payments;
  }
  const states = async (...asked: { readonly id: string; readonly merchantId: string }[]) =>
    (await read(...asked)).map(({ id, state }) => `${id} ${state}`);

  /** Takes a payment through both steps, and everything that is sent about it on the way. */
  async function finished(message: ValidationResultMessage): Promise<void> {
    await send(message);
    await next(bankResults);
    await nextUpdate();
    await sendResult(transactionResult(message));
    await nextReply();
    await nextUpdate();
  }

  it("publishes what a gateway's notice says is watched and nothing else; of a gateway without one, everything", async () => {
    const own = await gateway.createTemporaryQueue();
    const notices = await gateway.createProducer(destinationOf(CHANNELS.gatewayNotice));
    const [unwatched, watched, ofTheLastRelease] = [1, 2, 3].map(() => validationResult(someClient(11)));
    if (unwatched === undefined || watched === undefined || ofTheLastRelease === undefined) throw new Error();
    const notice = { version: 1, watched: [watched.paymentId] };
    const sendFor = (message: ValidationResultMessage, address: TemporaryQueue) =>
      validationResults.send(
        envelopesOf("card-validation").message("validation-result", message, { replyTo: address }),
      );
    const forger = envelopesOf("gateway", randomBytes(32).toString("base64"));
    await notices.send(
      forger.message("gateway-notice", { version: 1, watched: [unwatched.paymentId] }, { replyTo: own }),
    );
    await notices.send(envelopesOf("gateway").message("gateway-notice", notice, { replyTo: own }));
    await eventually("the forged notice is refused, and so the other was heard", () =>
      captured.text().includes("a notice of a gateway is not believed"),
    );
    await sendFor(unwatched, own);
    await sendFor(watched, own);
    expect([(await next(bankResults)).correlationId, (await next(bankResults)).correlationId]).to.deep.equal([
      unwatched.paymentId,
      watched.paymentId,
    ]);
    expect(await nextUpdate()).to.equal(`${watched.paymentId} PENDING`);
    await sendFor(ofTheLastRelease, replyTo);
    await next(bankResults);
    expect(await nextUpdate()).to.equal(`${ofTheLastRelease.paymentId} PENDING`);
  });

  it("publishes the end of a refund that a notice names, and of no other", async () => {
    const own = await gateway.createTemporaryQueue();
    const notices = await gateway.createProducer(destinationOf(CHANNELS.gatewayNotice));
    const payment = validationResult(someClient(12));
    await finished(payment);
    const times = { debitTime: new Date().toISOString(), settleTime: transactionResult(payment).settleTime };
    const [unwatched, watched] = ["1", "2"].map((amount) => ({ ...refundOf(payment, amount), ...times }));
    if (unwatched === undefined || watched === undefined) throw new Error();
    const before = captured.text().length;
    const notice = { version: 1, watched: [watched.refundId] };
    await notices.send(envelopesOf("gateway").message("gateway-notice", notice, { replyTo: own }));
    const forger = envelopesOf("gateway", randomBytes(32).toString("base64"));
    await notices.send(forger.message("gateway-notice", { version: 1, watched: [] }, { replyTo: own }));
    await eventually("the forged notice is refused, and so the one before was heard", () =>
      captured.text().slice(before).includes("a notice of a gateway is not believed"),
    );
    for (const refund of [unwatched, watched]) {
      await refundResults.send(envelopesOf("merchant-bank").message("refund-result", refund, { replyTo: own }));
    }
    const told = [await next(updates), await next(updates), await next(updates)];
    const [ofRefund, ...others] = told.filter(({ type }) => type === "refund-update");
    expect(others, "the others are of the payment").to.deep.equal([]);
    const { refund } = refundUpdateMessage.parse(ofRefund?.json());
    expect(refund).to.deep.include({ id: watched.refundId, paymentId: payment.paymentId, state: "SUCCEEDED" });
    expect(ofRefund?.properties).to.include({ merchant: payment.merchantId, refund: watched.refundId });
    expect(ofRefund?.deliveryMode).to.equal("non-persistent");
  });

  it("captures, passes the payment on as a durable text message of priority 7, and tells the watches", async () => {
    const client = someClient(0);
    const message = validationResult(client);
    await send(message);
    const passedOn = await next(bankResults);
    expect(passedOn).to.include({
      kind: "text",
      type: "bank-result",
      priority: 7,
      deliveryMode: "persistent",
      correlationId: message.paymentId,
    });
    expect(passedOn.replyTo?.address).to.equal(replyTo.address);
    expect(passedOn.traceparent).to.contain(TRACE_ID);
    const { captureTime, ...rest } = bankResultMessage.parse(passedOn.json());
    // The holder's keyed hash goes no further: it is compared in step 3 alone.
    const { holder: _compared, ...card } = message.card;
    expect(rest).to.deep.equal({ ...message, card });
    expect(captureTime >= message.validateTime).to.equal(true);
    expect(await nextUpdate()).to.equal(`${message.paymentId} PENDING`);
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 1_000n);
  });

  it("finishes the payment, and answers the gateway only with what can be read", async () => {
    const message = validationResult(someClient(1));
    await send(message);
    await next(bankResults);
    await nextUpdate();
    await sendResult(transactionResult(message));
    expect(await nextReply()).to.deep.equal({ about: message.paymentId, told: "SUCCEEDED" });
    const own = { id: message.paymentId, merchantId: message.merchantId };
    expect(await states(own)).to.deep.equal([`${message.paymentId} SUCCEEDED`]);
    expect(await nextUpdate()).to.equal(`${message.paymentId} SUCCEEDED`);
    // Of whatever merchants in one message: each has its own, and nobody else's exist for it.
    const others = { id: message.paymentId, merchantId: "m-0002" };
    const unknown = { id: "pay_unknown", merchantId: message.merchantId };
    expect(await states(others, unknown, own)).to.deep.equal([`${message.paymentId} SUCCEEDED`]);
    expect(await read(others)).to.deep.equal([]);
  });

  it("tells the end, once it can be read, in a durable text message of priority 4", async () => {
    const message = validationResult(someClient(1), { description: "Told" });
    await finished(message);
    const end = await endOf(message.paymentId);
    expect(end).to.include({ kind: "text", type: "payment-end", priority: 4, deliveryMode: "persistent" });
    expect(end.replyTo).to.equal(undefined);
    expect(end.traceparent).to.contain(TRACE_ID);
    const { payment, declinedBy } = paymentEndMessage.parse(end.json());
    const { merchantId, paymentId } = message;
    expect([payment]).to.deep.equal(await read({ id: paymentId, merchantId }));
    expect(payment).to.deep.include({ state: "SUCCEEDED", description: "Told" });
    expect(declinedBy).to.equal(undefined);
  });

  for (const declinedBy of ["client-side", "merchant-bank"] as const) {
    it(`tells the end of a payment that the ${declinedBy} declined, with who declined it`, async () => {
      const client = declinedBy === "client-side" ? { ...someClient(2), currencyCode: "USD" } : someClient(2);
      const message = validationResult(client);
      await send(message);
      const passedOn = bankResultMessage.parse((await next(bankResults)).json());
      await nextUpdate();
      const declineReason = passedOn.declineReason ?? "MERCHANT_CLOSED";
      await sendResult({ ...passedOn, settleTime: new Date().toISOString(), declineReason, declinedBy });
      await nextReply();
      await nextUpdate();
      const end = paymentEndMessage.parse((await endOf(message.paymentId)).json());
      expect(end).to.deep.include({ declinedBy });
      expect(end.payment).to.include({ state: "DECLINED", declineReason });
    });
  }

  it("passes a declined payment on with its verdict, and finishes it as DECLINED", async () => {
    const message = validationResult({ ...someClient(2), currencyCode: "USD" });
    await send(message);
    const passedOn = bankResultMessage.parse((await next(bankResults)).json());
    expect(passedOn.declineReason).to.equal("CURRENCY_NOT_SUPPORTED");
    await nextUpdate();
    await sendResult({ ...passedOn, settleTime: new Date().toISOString(), declinedBy: "client-side" });
    expect(await nextReply()).to.deep.equal({ about: message.paymentId, told: "DECLINED" });
    await nextUpdate();
  });

  it("passes a second request of a pending payment on with the recorded verdict, and captures nothing", async () => {
    const client = someClient(3);
    const message = validationResult(client);
    await send(message);
    const first = bankResultMessage.parse((await next(bankResults)).json());
    await nextUpdate();
    await send({ ...message, declineReason: "CARD_EXPIRED", acceptTime: new Date().toISOString() });
    expect(bankResultMessage.parse((await next(bankResults)).json())).to.deep.equal(first);
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 1_000n);
  });

  it("answers a further request of a final payment at once, and passes nothing on", async () => {
    const message = validationResult(someClient(4));
    await finished(message);
    await send(message);
    expect(await nextReply()).to.deep.equal({ about: message.paymentId, told: "SUCCEEDED" });
    const another = validationResult(someClient(4));
    await send(another);
    expect((await next(bankResults)).correlationId).to.equal(another.paymentId);
    await nextUpdate();
  });

  it("records a request_id used again with other parameters as a decline of its own, which walks on like any", async () => {
    const message = validationResult(someClient(5));
    await finished(message);
    const paymentId = nextPaymentId();
    const amount = { currencyCode: "EUR", minorUnits: "1001" };
    await send({ ...message, paymentId, parametersHash: "x".repeat(43), amount });
    const passedOn = bankResultMessage.parse((await next(bankResults)).json());
    expect(passedOn).to.deep.include({ paymentId, declineReason: "REQUEST_ID_REUSED", amount });
    expect(await nextUpdate()).to.equal(`${paymentId} PENDING`);
    await sendResult({ ...passedOn, settleTime: new Date().toISOString(), declinedBy: "client-side" });
    expect(await nextReply()).to.deep.equal({ about: paymentId, told: "DECLINED" });
    await nextUpdate();
    const { merchantId } = message;
    const [found] = await read({ id: paymentId, merchantId });
    expect(found).to.deep.include({
      amount,
      declineReason: "REQUEST_ID_REUSED",
      reuse: { standingId: message.paymentId, differingFields: ["amount.minor_units"] },
    });
  });

  it("sets aside the one message whose id is not of its parameters, or may be another one of the same, and no neighbour", async () => {
    const message = validationResult(someClient(5));
    await finished(message);
    const neighbour = validationResult(someClient(5));
    await Promise.all([
      send({ ...message, parametersHash: "x".repeat(43) }),
      send({ ...message, paymentId: nextPaymentId(), card: { ...message.card, holder: undefined } }),
      send(neighbour),
    ]);
    const reasons = [await next(deadLetters.capture), await next(deadLetters.capture)].map(
      ({ properties }) => properties.dead_letter_reason,
    );
    expect(reasons.toSorted()).to.deep.equal([
      "Its id is that of a payment with other parameters.",
      "Its request is recorded under another payment id, and no field that is known differs: is a key of payment ids missing?",
    ]);
    expect((await next(bankResults)).correlationId).to.equal(neighbour.paymentId);
    await nextUpdate();
  });

  it("answers a request that comes again under another key of payment ids with the payment that stands", async () => {
    const message = validationResult(someClient(7));
    await finished(message);
    const again = { ...message, paymentId: nextPaymentId(), parametersHash: "x".repeat(43) };
    await send({ ...again, alternateIds: [message.paymentId] });
    expect(await nextReply()).to.deep.equal({ about: message.paymentId, told: "SUCCEEDED" });
    const { merchantId } = message;
    const [found] = await read({ id: again.paymentId, merchantId });
    expect(found).to.include({ id: message.paymentId, state: "SUCCEEDED" });
  });

  it("answers again when the result of a final payment comes again, without another update", async () => {
    const message = validationResult(someClient(6));
    await finished(message);
    await sendResult(transactionResult(message));
    expect(await nextReply()).to.deep.equal({ about: message.paymentId, told: "SUCCEEDED" });
    const another = validationResult(someClient(6));
    await finished(another);
  });

  it("sets aside what is no message of this release, and a result of an unknown payment, and goes on", async () => {
    await validationResults.send({ text: "{ not JSON" });
    await validationResults.send({ json: { ...validationResult(someClient(7)), version: 2 } });
    const reasons = [await next(deadLetters.capture), await next(deadLetters.capture)].map(
      ({ properties }) => properties.dead_letter_reason,
    );
    expect(reasons.join(" ")).to.contain("version");
    await sendResult(transactionResult(validationResult(someClient(7))));
    const { properties } = await next(deadLetters.finish);
    expect(properties.dead_letter_reason).to.equal("client-bank has no such payment.");
    await finished(validationResult(someClient(7)));
  });

  it("answers at temporary queues alone, whatever messages name: of payments, refunds and reads", async () => {
    const gatewayReads = await gateway.createProducer(destinationOf(CHANNELS.paymentRead));
    const forged: Destination[] = [
      destinationOf(CHANNELS.bankResult),
      { kind: "temporary-queue", address: CHANNELS.bankResult.address },
      deadLetterDestination(CHANNELS.transactionResult),
      destinationOf(CHANNELS.paymentUpdate),
    ];
    for (const address of forged) {
      const message = validationResult(someClient(10));
      const { paymentId, merchantId } = message;
      await validationResults.send(
        envelopesOf("card-validation").message("validation-result", message, { replyTo: address }),
      );
      const passedOn = await next(bankResults);
      expect(passedOn).to.include({ correlationId: paymentId, replyTo: undefined });
      expect(await nextUpdate()).to.equal(`${paymentId} PENDING`);
      const verdict = transactionResult(message);
      await transactionResults.send(
        envelopesOf("merchant-bank").message("transaction-result", verdict, { replyTo: address }),
      );
      expect(await nextUpdate()).to.equal(`${paymentId} SUCCEEDED`);
      const refund: RefundResultMessage = {
        ...refundOf(message, "1"),
        debitTime: new Date().toISOString(),
        settleTime: verdict.settleTime,
      };
      await refundResults.send(envelopesOf("merchant-bank").message("refund-result", refund, { replyTo: address }));
      expect(await nextUpdate()).to.equal(`${paymentId} SUCCEEDED`);
      const asked: PaymentReadRequest = {
        version: 1,
        operation: "get-many",
        payments: [{ id: paymentId, merchantId }],
        refunds: [],
      };
      await gatewayReads.send(
        envelopesOf("gateway").message("payment-read", asked, { replyTo: address, correlationId: "forged" }),
      );
    }
    await eventually("each is told on the log", () => {
      const told = captured.lines().filter(({ msg }) => msg === "reply address refused");
      return told.length === forged.length * 4;
    });
    expect(await deadLetters.finish.receiveNoWait()).to.equal(undefined);
    const after = validationResult(someClient(10));
    await send(after);
    expect((await next(bankResults)).correlationId).to.equal(after.paymentId);
    expect(await nextUpdate()).to.equal(`${after.paymentId} PENDING`);
  });

  it("sends on a hold that an order found expired when the order comes again, for the process died before it could", async () => {
    const held = validationResult(someClient(13), { capture: "manual" });
    const { paymentId, merchantId } = held;
    await send(held);
    expect(await nextReply()).to.deep.equal({ about: paymentId, told: "AUTHORIZED" });
    expect(await nextUpdate()).to.equal(`${paymentId} AUTHORIZED`);
    const nowMs = Date.now();
    const order: HoldOrderMessage = {
      ...{ version: 1, paymentId, merchantId, action: "capture" },
      acceptTime: new Date(nowMs).toISOString(),
      recordBy: new Date(nowMs + 60_000).toISOString(),
    };
    // Decided and committed, and nothing sent.
    const [decision] = await untilCommitted(banks().clientBank, (transaction) =>
      concludeOrders(transaction, [order], () => nowMs + 8 * 86_400_000),
    );
    expect(decision?.outcome).to.equal("expired");
    await holdOrders.send(envelopesOf("gateway").message("hold-order", order, { replyTo }));
    const passedOn = await next(bankResults);
    expect(passedOn.correlationId).to.equal(paymentId);
    expect(bankResultMessage.parse(passedOn.json()).declineReason).to.equal("AUTHORIZATION_EXPIRED");
    expect((await nextReply()).about, "the order is refused").to.equal(paymentId);
    const verdict = { declineReason: "AUTHORIZATION_EXPIRED", declinedBy: "client-side" } as const;
    await sendResult(transactionResult(held, verdict));
    expect(await nextReply()).to.deep.equal({ about: paymentId, told: "CANCELED" });
    expect(await nextUpdate()).to.equal(`${paymentId} CANCELED`);
  });

  it("captures each payment once although the database gives statements up in the middle", async () => {
    const client = someClient(8);
    const messages = Array.from({ length: 300 }, () =>
      validationResult(client, { amount: { currencyCode: "EUR", minorUnits: "1" } }),
    );
    const sent = Promise.all(messages.map(send));
    const left = new Set(messages.map(({ paymentId }) => paymentId));
    for (let kills = 0; left.size > 0; ) {
      left.delete((await next(bankResults)).correlationId ?? "");
      if (kills < 3 && left.size < 300 - kills * 90) {
        kills += 1;
        await banks().superuser.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'client-bank-test'",
        );
      }
    }
    await sent;
    expect(await balanceOf(banks().superuser, CLIENTS, client.id)).to.equal(client.openingBalance - 300n);
    const wrong = await wrongBooks(banks().superuser);
    expect(wrong.filter((line) => line.startsWith("client-bank"))).to.deep.equal([]);
    await eventually("readiness is back", () => service?.checks?.database?.() === undefined);
  });

  it("writes one line for each payment and step, with the payment's and the trace's id", async () => {
    const message = validationResult(someClient(9));
    await send(message);
    await sendResult(await next(bankResults).then(() => transactionResult(message)));
    await eventually("both lines are written", () => {
      const lines = captured.lines().filter(({ payment }) => payment === message.paymentId);
      const steps = lines.map(({ step, trace, state }) => `${step} ${trace} ${state}`);
      return steps.join(", ") === `3 ${TRACE_ID} PENDING, 5b ${TRACE_ID} SUCCEEDED`;
    });
    expect(captured.text()).not.to.match(/\b\d{12,19}\b(?!,"pid")/);
  });
});
