import type { Connection, Producer } from "@quittance/sdk";
import { expect } from "chai";
import { startNotification } from "../../../dist/notification/service.js";
import { openDatabase } from "../../../dist/platform/database.js";
import type { RunningService } from "../../../dist/platform/run-service.js";
import { CHANNELS, destinationOf } from "../../../dist/shared/queue-map.js";
import { END_PROPERTIES } from "../../../dist/topology/channel-table.js";
import { type CapturedLog, captureLog } from "../../support/captured-log.js";
import { useDatabase } from "../../support/database-for-tests.js";
import { eventually } from "../../support/eventually.js";
import { ringOf } from "../../support/key-rings.js";
import { envelopesOf, messageKeysFor } from "../../support/message-keys.js";
import { useSystemBroker } from "../../support/system-broker.js";
import { paymentEnd } from "../ends.js";
import { type Receiver, startReceiver } from "./receiver.js";

const PAYMENTS = 30;
const BOUND_MS = 30_000;
/** A hanging receiver is given up after so long; one that answers late because the machine is slow is asked again. */
const TIMEOUT_MS = 1_000;

describe("Notification while the receiver of webhooks is away", function () {
  this.timeout(120_000);
  const broker = useSystemBroker();
  const testDatabase = useDatabase();
  let captured: CapturedLog;
  let producer: Producer;
  let connection: Connection;
  let service: RunningService | undefined;
  let isAway: boolean;

  before(async () => {
    const clientBank = await broker().connectAs("client-bank");
    producer = await clientBank.createProducer(destinationOf(CHANNELS.transactionResult));
  });

  afterEach(async () => {
    await service?.drain({ timeoutMs: 5_000 });
    await connection.close();
    await testDatabase().query("TRUNCATE notification.notifications");
  });

  async function start(receiver: Receiver): Promise<RunningService> {
    captured = captureLog();
    connection = await broker().connectAs("notification");
    service = await startNotification({
      connection,
      database: openDatabase({
        url: testDatabase().urlOf("notification"),
        poolSize: 4,
        service: "receiver-away-test",
        log: captured.log,
      }),
      log: captured.log,
      messageKeys: messageKeysFor("notification"),
      language: "en",
      webhook: {
        url: receiver.url,
        secrets: ringOf(new Uint8Array(32).fill(5)),
        allowPrivate: true,
        timeoutMs: TIMEOUT_MS,
      },
      sender: {
        pollIntervalMs: 20,
        retry: { initialDelayMs: 20, maximumDelayMs: 50, maximumAttempts: 1_000, maximumAgeMs: 600_000 },
        breaker: { afterFailures: 3, halfOpenAfterMs: 50 },
      },
    });
    return service;
  }

  async function countOf(channel: string, state: string): Promise<number> {
    const [row] = await testDatabase().query<{ count: string }>(
      "SELECT count(*)::text AS count FROM notification.notifications WHERE channel = $1 AND state = $2",
      [channel, state],
    );
    return Number(row?.count);
  }

  async function survives(receiver: Receiver): Promise<void> {
    const running = await start(receiver);
    const breaker = () => running.minorBreakers?.webhooks?.().name;
    expect(breaker()).to.equal("closed");
    const ends = Array.from({ length: PAYMENTS }, () => paymentEnd());
    const envelopes = envelopesOf("client-bank");
    for (const end of ends) {
      await producer.send(envelopes.message("payment-end", end, { properties: END_PROPERTIES }));
    }
    await eventually("the breaker is open", () => breaker() === "open", BOUND_MS);
    await eventually(
      "every payment is reported on the log all the same",
      async () => (await countOf("log", "sent")) === PAYMENTS,
      BOUND_MS,
    );
    expect(await countOf("webhook", "sent")).to.equal(0);
    expect(running.steps?.notification?.breaker.name, "the steps go on").to.equal("closed");
    // What waits costs no attempt: a probe is one webhook.
    const seen = receiver.received.length;
    await eventually("it is probed", () => receiver.received.length > seen, BOUND_MS);

    isAway = false;
    await eventually("every webhook is sent", async () => (await countOf("webhook", "sent")) === PAYMENTS, BOUND_MS);
    await eventually("the breaker is closed", () => breaker() === "closed", BOUND_MS);
    const ids = new Set(receiver.received.map(({ headers }) => headers["webhook-id"]));
    expect([...ids]).to.have.members(ends.map(({ payment }) => `${payment.id}_payment-succeeded`));
    expect(captured.text()).not.to.contain("webhook given up");
  }

  it("stops posting when it answers with errors, and sends all later under the same ids", async () => {
    isAway = true;
    await using receiver = await startReceiver((response) => {
      response.statusCode = isAway ? 500 : 204;
      response.end();
    });
    await survives(receiver);
  });

  it("stops posting when it does not answer, and sends all later under the same ids", async () => {
    isAway = true;
    await using receiver = await startReceiver((response) => {
      if (isAway) return;
      response.statusCode = 204;
      response.end();
    });
    await survives(receiver);
  });
});
