import type { Consumer, Message, Producer } from "@quittance/sdk";
import { expect } from "chai";
import { startMerchantBank } from "../../dist/merchant-bank/service.js";
import { openDatabase } from "../../dist/platform/database.js";
import type { RunningService } from "../../dist/platform/run-service.js";
import { type BankResultMessage, transactionResultMessage } from "../../dist/shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf, subscriptionOf } from "../../dist/shared/queue-map.js";
import {
  balanceOf,
  bankResult,
  someClient,
  useBanks,
  validationResult,
  wrongBooks,
} from "../operator/banks-for-tests.js";
import { captureLog } from "../support/captured-log.js";
import { envelopesOf, messageKeysFor } from "../support/message-keys.js";
import { useSystemBroker } from "../support/system-broker.js";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const MERCHANTS = "merchant_bank.merchants";

describe("Step 4, merchant-bank", function () {
  this.timeout(60_000);
  const services: RunningService[] = [];
  after(() => Promise.all(services.map((service) => service.drain({ timeoutMs: 5_000 }))));
  const broker = useSystemBroker();
  const banks = useBanks();
  const captured = captureLog();
  let bankResults: Producer;
  /** Verdicts, as client-bank reads them; and what notification reads, which is none of them. */
  let readers: { readonly notification: Consumer; readonly clientBank: Consumer };
  let deadLetters: Consumer;

  async function startInstance(): Promise<void> {
    const database = openDatabase({
      url: banks().superuser.urlOf("merchant_bank"),
      poolSize: 4,
      service: "merchant-bank-test",
      log: captured.log,
    });
    const connection = await broker().connectAs("merchant-bank");
    services.push(
      await startMerchantBank({
        connection,
        database,
        log: captured.log,
        messageKeys: messageKeysFor("merchant-bank"),
      }),
    );
  }

  before(async () => {
    await startInstance();
    const clientBank = await broker().connectAs("client-bank");
    const notification = await broker().connectAs("notification");
    const operator = await broker().connectAs("operator");
    bankResults = await clientBank.createProducer(destinationOf(CHANNELS.bankResult), { priority: 7 });
    const topic = destinationOf(CHANNELS.transactionResult);
    readers = {
      clientBank: await clientBank.createConsumer(topic, {
        subscription: subscriptionOf(CHANNELS.transactionResult, "client-bank"),
        acknowledge: "auto",
      }),
      notification: await notification.createConsumer(topic, {
        subscription: subscriptionOf(CHANNELS.transactionResult, "notification"),
        acknowledge: "auto",
      }),
    };
    deadLetters = await operator.createConsumer(deadLetterDestination(CHANNELS.bankResult), { acknowledge: "auto" });
  });

  async function next(consumer: Consumer): Promise<Message> {
    const message = await consumer.receive({ timeoutMs: 30_000 });
    if (message === undefined) throw new Error(`Nothing came from ${consumer.destination.address}.`);
    return message;
  }

  async function nextResult() {
    return transactionResultMessage.parse((await next(readers.clientBank)).json());
  }

  function payment(merchantId: string, changed: Partial<BankResultMessage> = {}): BankResultMessage {
    return { ...bankResult(validationResult(someClient(0), { merchantId })), ...changed };
  }

  const send = (message: BankResultMessage) =>
    bankResults.send(envelopesOf("client-bank").message("bank-result", message, { traceparent: TRACEPARENT }));

  it("credits the merchant and tells client-bank in a durable text message of priority 4, and nobody else", async () => {
    const message = payment("m-0010");
    await bankResults.send(
      envelopesOf("client-bank").message("bank-result", message, {
        traceparent: TRACEPARENT,
        replyTo: { kind: "temporary-queue", address: "somebody-waits" },
      }),
    );
    const result = await next(readers.clientBank);
    expect(result).to.include({
      kind: "text",
      type: "transaction-result",
      priority: 4,
      deliveryMode: "persistent",
      correlationId: message.paymentId,
    });
    expect(result.replyTo?.address).to.equal("somebody-waits");
    expect(result.traceparent).to.contain(TRACE_ID);
    const { settleTime, ...rest } = transactionResultMessage.parse(result.json());
    expect(rest).to.deep.equal(message);
    expect(Date.parse(settleTime)).to.be.closeTo(Date.now(), 10_000);
    expect(await readers.notification.receiveNoWait(), "it is no end").to.equal(undefined);
    expect(await balanceOf(banks().superuser, MERCHANTS, "m-0010")).to.equal(1_000n);
  });

  it("passes a payment on that came declined, in the name of the client's side", async () => {
    await send(payment("m-0010", { declineReason: "INSUFFICIENT_FUNDS" }));
    expect(await nextResult()).to.include({ declineReason: "INSUFFICIENT_FUNDS", declinedBy: "client-side" });
  });

  it("declines for a closed merchant in its own name", async () => {
    await send(payment("m-0020"));
    expect(await nextResult()).to.include({ declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" });
  });

  it("tells the recorded outcome again when a payment comes again", async () => {
    const message = payment("m-0011");
    await send(message);
    const first = await nextResult();
    await send(message);
    expect(await nextResult()).to.deep.equal(first);
    expect(await balanceOf(banks().superuser, MERCHANTS, "m-0011")).to.equal(1_000n);
  });

  it("sets aside what is no message of this release, or no payment that it has a receipt of, and goes on", async () => {
    await bankResults.send({ text: "{ not JSON" });
    await next(deadLetters);
    const message = payment("m-0011");
    await send(message);
    await nextResult();
    await send({ ...message, amount: { currencyCode: "EUR", minorUnits: "2" } });
    expect((await next(deadLetters)).properties.dead_letter_reason).to.contain("receipt");
    await send(payment("m-0011"));
    await nextResult();
  });

  it("credits each payment once with two instances, duplicates, and a database that gives statements up", async () => {
    await startInstance();
    const messages = Array.from({ length: 200 }, () =>
      payment("m-0012", { amount: { currencyCode: "EUR", minorUnits: "1" } }),
    );
    const sent = Promise.all([...messages, ...messages.toReversed()].map(send));
    const settleTimes = new Map<string, string>();
    for (let received = 0; received < 400; received += 1) {
      const { paymentId, settleTime } = await nextResult();
      expect(settleTimes.get(paymentId) ?? settleTime).to.equal(settleTime);
      settleTimes.set(paymentId, settleTime);
      if (received === 50 || received === 150) {
        await banks().superuser.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'merchant-bank-test'",
        );
      }
    }
    await sent;
    expect(settleTimes.size).to.equal(200);
    expect(await balanceOf(banks().superuser, MERCHANTS, "m-0012")).to.equal(200n);
    const wrong = await wrongBooks(banks().superuser);
    expect(wrong.filter((line) => line.startsWith("merchant-bank"))).to.deep.equal([]);
  });

  it("writes one line for each payment, with its id and the trace's", async () => {
    const message = payment("m-0013");
    await send(message);
    await nextResult();
    const lines = captured.lines().filter((line) => line.payment === message.paymentId);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ step: "4", trace: TRACE_ID, outcome: "credited" });
  });
});
