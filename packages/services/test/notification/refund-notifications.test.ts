import { expect } from "chai";
import { startNotification } from "../../dist/notification/service.js";
import { openDatabase } from "../../dist/platform/database.js";
import { CHANNELS, destinationOf } from "../../dist/shared/queue-map.js";
import type { RefundResultMessage } from "../../dist/shared/refund-messages.js";
import { captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";
import { useHouseBroker } from "../support/house-broker.js";
import { startReceiver } from "./webhook/receiver.js";

const PAYMENT = `pay_${"p".repeat(32)}`;

function refundResult(letter: string, changes: Partial<RefundResultMessage> = {}): RefundResultMessage {
  return {
    version: 1,
    refundId: `ref_${letter.repeat(32)}`,
    paymentId: PAYMENT,
    requestId: `refund-${letter}`,
    merchantId: "m-bookshop",
    parametersHash: "h".repeat(43),
    amount: { currencyCode: "EUR", minorUnits: "350" },
    acceptTime: "2026-05-16T10:00:00.000Z",
    debitTime: "2026-05-16T10:00:00.100Z",
    settleTime: "2026-05-15T10:00:00.300Z",
    ...changes,
  };
}

describe("Step R4, notification", function () {
  this.timeout(30_000);
  const broker = useHouseBroker();
  const testDatabase = useDatabase();

  it("tells of each refund of a payment once, on the log and by webhook, though results come twice", async () => {
    await using receiver = await startReceiver((response) => response.writeHead(204).end());
    const { log, lines } = captureLog();
    const connection = await broker().connectAs("notification");
    const service = await startNotification({
      connection,
      database: openDatabase({
        url: testDatabase().urlOf("notification"),
        poolSize: 4,
        service: "notification-test",
        log,
      }),
      log,
      language: "en",
      webhook: { url: receiver.url, secret: new Uint8Array(32).fill(5), allowPrivate: true },
      sender: { pollIntervalMs: 50 },
    });
    try {
      const merchantBank = await broker().connectAs("merchant-bank");
      const producer = await merchantBank.createProducer(destinationOf(CHANNELS.refundResult));
      const first = refundResult("a");
      const second = refundResult("b", { declineReason: "AMOUNT_TOO_HIGH" });
      const reused = refundResult("c", { requestIdReused: true });
      for (const result of [first, first, reused, second, first]) await producer.send({ json: result });
      await eventually("both are told on both channels", async () => {
        const rows = await testDatabase().query("SELECT 1 FROM notification.notifications WHERE state = 'sent'");
        return rows.length === 4;
      });
      // Behind everything else on the subscription: when it is told, nothing that came before it is still to be told.
      await producer.send({ json: refundResult("d") });
      await eventually("the last webhook has come", () => receiver.received.length === 3);
      const events = receiver.received.map(({ body }) => JSON.parse(body) as { type: string; data: object });
      expect(events.map(({ type }) => type).toSorted()).to.deep.equal([
        "refund.declined",
        "refund.succeeded",
        "refund.succeeded",
      ]);
      expect(events.find(({ type }) => type === "refund.declined")?.data).to.deep.include({
        refundId: second.refundId,
        paymentId: PAYMENT,
        amount: second.amount,
        declineReason: "AMOUNT_TOO_HIGH",
      });
      const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
      expect(ids.toSorted(), "no refund's webhook is taken for another's of the same payment").to.deep.equal([
        `${first.refundId}_refund-succeeded`,
        `${second.refundId}_refund-declined`,
        `${refundResult("d").refundId}_refund-succeeded`,
      ]);
      const told = lines().filter((line) => line.msg === "notification" && line.step === "R4");
      expect(told.map((line) => line.refund).toSorted()).to.deep.equal(
        ["a", "b", "d"].map((letter) => refundResult(letter).refundId),
      );
    } finally {
      await service.drain({ timeoutMs: 2_000 });
      await connection.close();
    }
  });
});
