import { expect } from "chai";
import { startNotification } from "../../dist/notification/service.js";
import { openDatabase } from "../../dist/platform/database.js";
import { CHANNELS, destinationOf } from "../../dist/shared/queue-map.js";
import type { RefundEndMessage } from "../../dist/shared/refund-messages.js";
import { END_PROPERTIES } from "../../dist/topology/channel-table.js";
import { captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";
import { ringOf } from "../support/key-rings.js";
import { envelopesOf, messageKeysFor } from "../support/message-keys.js";
import { useSystemBroker } from "../support/system-broker.js";
import { refundEnd } from "./ends.js";
import { startReceiver } from "./webhook/receiver.js";

const PAYMENT = `pay_${"p".repeat(32)}`;

function endOf(letter: string, changes: Partial<RefundEndMessage["refund"]> = {}): RefundEndMessage {
  return refundEnd({
    id: `ref_${letter.repeat(32)}`,
    paymentId: PAYMENT,
    requestId: `refund-${letter}`,
    ...changes,
  });
}

describe("Step R4, notification", function () {
  this.timeout(30_000);
  const broker = useSystemBroker();
  const testDatabase = useDatabase();

  it("reports each refund of a payment once, on the log and by webhook, though ends come twice and are contradicted", async () => {
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
      messageKeys: messageKeysFor("notification"),
      language: "en",
      webhook: { url: receiver.url, secrets: ringOf(new Uint8Array(32).fill(5)), allowPrivate: true },
      sender: { pollIntervalMs: 50 },
    });
    try {
      const clientBank = await broker().connectAs("client-bank");
      const producer = await clientBank.createProducer(destinationOf(CHANNELS.refundResult));
      const first = endOf("a");
      const second = endOf("b", { declineReason: "AMOUNT_TOO_HIGH" });
      const reused = endOf("c", {
        declineReason: "REQUEST_ID_REUSED",
        reuse: { standingId: first.refund.id, differingFields: ["amount.minor_units"] },
      });
      // client-bank never does so: whoever does is not heard.
      const contradiction = endOf("a", { declineReason: "ALREADY_REFUNDED" });
      const send = (end: RefundEndMessage) =>
        producer.send(envelopesOf("client-bank").message("refund-end", end, { properties: END_PROPERTIES }));
      for (const end of [first, first, contradiction, reused, second, first]) await send(end);
      await eventually("all three are told on both channels", async () => {
        const rows = await testDatabase().query("SELECT 1 FROM notification.notifications WHERE state = 'sent'");
        return rows.length === 6;
      });
      // Behind everything else on the subscription: when it is told, nothing that came before it is still to be told.
      await send(endOf("d"));
      await eventually("the last webhook has come", () => receiver.received.length === 4);
      const events = receiver.received.map(({ body }) => JSON.parse(body) as { type: string; data: object });
      expect(events.map(({ type }) => type).toSorted()).to.deep.equal([
        "refund.declined",
        "refund.declined",
        "refund.succeeded",
        "refund.succeeded",
      ]);
      const eventOf = (id: string) => events.find(({ data }) => "refundId" in data && data.refundId === id)?.data;
      expect(eventOf(second.refund.id)).to.deep.include({
        refundId: second.refund.id,
        paymentId: PAYMENT,
        state: "DECLINED",
        amount: second.refund.amount,
        declineReason: "AMOUNT_TOO_HIGH",
      });
      expect(eventOf(reused.refund.id)).to.deep.include({
        declineReason: "REQUEST_ID_REUSED",
        reuse: { standingId: first.refund.id, differingFields: ["amount.minor_units"] },
      });
      const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
      expect(ids.toSorted(), "no refund's webhook is taken for another's of the same payment").to.deep.equal([
        `${first.refund.id}_refund-succeeded`,
        `${second.refund.id}_refund-declined`,
        `${reused.refund.id}_refund-declined`,
        `${endOf("d").refund.id}_refund-succeeded`,
      ]);
      const told = lines().filter((line) => line.msg === "notification" && line.step === "R4");
      expect(told.map((line) => line.refund).toSorted()).to.deep.equal(
        ["a", "b", "c", "d"].map((letter) => endOf(letter).refund.id),
      );
    } finally {
      await service.drain({ timeoutMs: 2_000 });
      await connection.close();
    }
  });
});
