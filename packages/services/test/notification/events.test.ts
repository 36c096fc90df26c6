import type { Connection, Producer } from "@quittance/sdk";
import { expect } from "chai";
import { startNotification } from "../../dist/notification/service.js";
import { type Database, openDatabase } from "../../dist/platform/database.js";
import type { PaymentEndMessage } from "../../dist/shared/messages.js";
import { CHANNELS, destinationOf } from "../../dist/shared/queue-map.js";
import type { RefundEndMessage } from "../../dist/shared/refund-messages.js";
import { END_PROPERTIES } from "../../dist/topology/channel-table.js";
import { captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";
import { envelopesOf, messageKeysFor } from "../support/message-keys.js";
import { useSystemBroker } from "../support/system-broker.js";
import { paymentEnd, refundEnd } from "./ends.js";
import { merchantOf, SEALING_KEYS } from "./webhook/endpoints.js";
import { startSecureReceiver } from "./webhook/secure-receiver.js";

describe("Steps 5a and R4, of merchants that have webhook endpoints", function () {
  this.timeout(30_000);
  const broker = useSystemBroker();
  const testDatabase = useDatabase();
  const { log } = captureLog();
  let database: Database;
  let payments: Producer;
  let refunds: Producer;
  let stop: () => Promise<void>;

  before(async () => {
    const clientBank = await broker().connectAs("client-bank");
    payments = await clientBank.createProducer(destinationOf(CHANNELS.transactionResult));
    refunds = await clientBank.createProducer(destinationOf(CHANNELS.refundResult));
    database = openTestDatabase();
    const connection: Connection = await broker().connectAs("notification");
    const service = await startNotification({
      ...{ connection, log, database: openTestDatabase(), messageKeys: messageKeysFor("notification"), language: "en" },
      endpoints: { sealingKeys: SEALING_KEYS, allowPrivate: true },
      // Nothing is found by looking: what is recorded wakes the sender.
      deliveries: { pollIntervalMs: 60_000, idlePollIntervalMs: 60_000 },
    });
    stop = async () => {
      await service.drain({ timeoutMs: 2_000 });
      await connection.close();
    };
  });
  after(async () => {
    await stop();
    await database.close();
  });

  function openTestDatabase(): Database {
    return openDatabase({ url: testDatabase().urlOf("notification"), poolSize: 4, service: "events-test", log });
  }
  const send = (end: PaymentEndMessage) =>
    payments.send(envelopesOf("client-bank").message("payment-end", end, { properties: END_PROPERTIES }));
  const sendRefund = (end: RefundEndMessage) =>
    refunds.send(envelopesOf("client-bank").message("refund-end", end, { properties: END_PROPERTIES }));

  it("post each end once, as the API's reads answer it, though it is delivered twice and contradicted later", async () => {
    await using receiver = await startSecureReceiver((response) => response.writeHead(204).end());
    const merchant = merchantOf("m-bookshop", { database });
    await merchant.create({ url: receiver.url.href });
    const end = paymentEnd();
    await send(end);
    await send(end);
    const declined = { declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" } as const;
    await send(paymentEnd({ id: end.payment.id, ...declined }));
    const refund = refundEnd({ declineReason: "INSUFFICIENT_FUNDS" });
    await sendRefund(refund);
    await eventually("both webhooks arrive", () => receiver.received.length === 2);
    const bodies = receiver.received.map(({ body }) => JSON.parse(body) as { type: string; data: object });
    const of = (type: string) => bodies.find((body) => body.type === type);
    expect(of("payment.succeeded")).to.deep.equal({
      type: "payment.succeeded",
      timestamp: end.payment.finishTime,
      data: {
        id: end.payment.id,
        requestId: "request-1",
        merchant: "m-bookshop",
        amount: { currencyCode: "EUR", minorUnits: "1250" },
        description: "Two books",
        clientReference: "",
        metadata: {},
        state: "PAYMENT_STATE_SUCCEEDED",
        card: { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030 },
        createTime: "2026-05-15T10:00:00Z",
        validateTime: "2026-05-15T10:00:00.100Z",
        capture: "CAPTURE_METHOD_AUTOMATIC",
        captureTime: "2026-05-15T10:00:00.200Z",
        settleTime: "2026-05-15T10:00:00.300Z",
        finishTime: "2026-05-15T10:00:00.400Z",
        updateTime: "2026-05-15T10:00:00.400Z",
      },
    });
    expect(of("refund.declined")?.data).to.deep.include({
      id: refund.refund.id,
      payment: refund.refund.paymentId,
      state: "REFUND_STATE_DECLINED",
    });
    const { events } = await merchant.events();
    expect(events.map(({ id }) => id)).to.have.members(receiver.received.map(({ headers }) => headers["webhook-id"]));
    const read = await merchant.event(events.find(({ payment }) => payment !== undefined)?.id ?? "");
    expect(read.event?.payment).to.deep.include({
      id: end.payment.id,
      state: 2,
      amount: { currencyCode: "EUR", minorUnits: 1250n },
    });
    await eventually("it is told delivered", async () => {
      const { deliveries } = await merchant.event(read.event?.id ?? "");
      return deliveries.every(({ state }) => state === 3);
    });
  });

  it("record nothing for a merchant without endpoints", async () => {
    const end = paymentEnd({ merchantId: "m-none" });
    await send(end);
    await eventually("it is told on the log", async () => {
      const query = "SELECT FROM notification.notifications WHERE payment_id = $1";
      return (await testDatabase().query(query, [end.payment.id])).length === 1;
    });
    expect((await merchantOf("m-none", { database }).events()).events).to.deep.equal([]);
    const rows = await testDatabase().query("SELECT FROM notification.events WHERE merchant_id = 'm-none'");
    expect(rows).to.deep.equal([]);
  });
});
