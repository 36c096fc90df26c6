import type { Consumer, Message, Producer } from "@quittance/sdk";
import { expect } from "chai";
import { startMerchantBank } from "../../dist/merchant-bank/service.js";
import { settlePayments } from "../../dist/merchant-bank/step-4-settle.js";
import { openDatabase } from "../../dist/platform/database.js";
import type { RunningService } from "../../dist/platform/run-service.js";
import { CHANNELS, destinationOf, subscriptionOf } from "../../dist/shared/queue-map.js";
import { type RefundMessage, refundResultMessage } from "../../dist/shared/refund-messages.js";
import { bankResult, refundOf, someClient, useBanks, validationResult } from "../operator/banks-for-tests.js";
import { captureLog } from "../support/captured-log.js";
import { eventually } from "../support/eventually.js";
import { envelopesOf, messageKeysFor } from "../support/message-keys.js";
import { useSystemBroker } from "../support/system-broker.js";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

describe("A refund that comes before its payment is settled", function () {
  this.timeout(60_000);
  let service: RunningService | undefined;
  // Before the broker ends and the database is dropped, which the hooks of these two do.
  after(() => service?.drain({ timeoutMs: 5_000 }));
  const broker = useSystemBroker();
  const banks = useBanks();
  const captured = captureLog();
  let now = () => Date.now();
  let refunds: Producer;
  let results: Consumer;

  before(async () => {
    const database = openDatabase({
      url: banks().superuser.urlOf("merchant_bank"),
      poolSize: 4,
      service: "merchant-bank-test",
      log: captured.log,
    });
    const connection = await broker().connectAs("merchant-bank");
    service = await startMerchantBank({
      connection,
      database,
      log: captured.log,
      messageKeys: messageKeysFor("merchant-bank"),
      now: () => now(),
    });
    const gateway = await broker().connectAs("gateway");
    refunds = await gateway.createProducer(destinationOf(CHANNELS.refund), { priority: 7 });
    const clientBank = await broker().connectAs("client-bank");
    results = await clientBank.createConsumer(destinationOf(CHANNELS.refundResult), {
      subscription: subscriptionOf(CHANNELS.refundResult, "client-bank"),
      acknowledge: "auto",
    });
  });

  const settleBy = () => new Date(Date.now() + 60_000).toISOString();
  const settle = (payment: ReturnType<typeof validationResult>) =>
    banks().merchantBank.transaction((transaction) => settlePayments(transaction, [bankResult(payment)], Date.now));
  const send = (refund: RefundMessage) =>
    refunds.send(
      envelopesOf("gateway").message("refund", refund, {
        traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
        replyTo: { kind: "temporary-queue", address: "somebody-waits" },
      }),
    );
  const next = async (): Promise<Message> => {
    const message = await results.receive({ timeoutMs: 30_000 });
    if (message === undefined) throw new Error("No result came.");
    return message;
  };
  const timesOf = ({ refundId }: RefundMessage) =>
    captured.lines().filter((line) => line.refund === refundId && line.outcome === "waits for its payment").length;

  it("waits without holding up the ones behind it, and is debited once the payment is settled", async () => {
    const [early, ready] = [validationResult(someClient(0)), validationResult(someClient(1))];
    await settle(ready);
    const waiting = refundOf(early, "100", { settleBy: settleBy() });
    const neighbour = refundOf(ready, "100", { settleBy: settleBy() });
    await send(waiting);
    await send(neighbour);
    expect((await next()).json(refundResultMessage)).to.include({ refundId: neighbour.refundId });
    await eventually("it came again and waits still", () => timesOf(waiting) >= 3);
    await settle(early);
    const result = await next();
    expect(result.json(refundResultMessage))
      .to.include({ refundId: waiting.refundId })
      .and.not.property("declineReason");
    expect(result.replyTo?.address, "who waits is still known").to.equal("somebody-waits");
    expect(result.traceparent).to.contain(TRACE_ID);
  });

  it("is declined when its payment can no longer be settled, and not before", async () => {
    const refund = refundOf(validationResult(someClient(2)), "100", { settleBy: settleBy() });
    await send(refund);
    await eventually("it waits", () => timesOf(refund) >= 2);
    now = () => Date.now() + 61_000;
    const { declineReason, refundId } = (await next()).json(refundResultMessage);
    expect({ declineReason, refundId }).to.deep.equal({
      declineReason: "PAYMENT_NOT_SETTLED",
      refundId: refund.refundId,
    });
  });
});
