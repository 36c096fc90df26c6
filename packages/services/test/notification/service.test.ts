import { createHmac } from "node:crypto";
import type { Connection, Consumer, Producer } from "@quittance/sdk";
import { expect } from "chai";
import { startNotification } from "../../dist/notification/service.js";
import type { WebhookTarget } from "../../dist/notification/webhook/post-webhook.js";
import { openDatabase } from "../../dist/platform/database.js";
import type { RunningService } from "../../dist/platform/run-service.js";
import type { PaymentEndMessage } from "../../dist/shared/messages.js";
import { CHANNELS, deadLetterDestination, destinationOf } from "../../dist/shared/queue-map.js";
import { END_PROPERTIES } from "../../dist/topology/channel-table.js";
import { type CapturedLog, captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";
import { ringOf } from "../support/key-rings.js";
import { envelopesOf, messageKeysFor } from "../support/message-keys.js";
import { useSystemBroker } from "../support/system-broker.js";
import { paymentEnd } from "./ends.js";
import { startReceiver } from "./webhook/receiver.js";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const SECRET = new Uint8Array(32).fill(5);

/** Those of the migrations, each in its last version. */
const ACTIVATE_LATEST = `UPDATE notification.templates AS latest SET active = true WHERE version =
  (SELECT max(version) FROM notification.templates AS other WHERE other.name = latest.name AND other.language = latest.language)`;

interface Row extends Record<string, unknown> {
  readonly channel: string;
  readonly language: string;
  readonly state: string;
  readonly attempts: number;
  readonly subject: string;
}

describe("Step 5a, notification", function () {
  this.timeout(30_000);
  const broker = useSystemBroker();
  const testDatabase = useDatabase();
  let captured: CapturedLog;
  let producer: Producer;
  let deadLetters: Consumer;
  let service: RunningService | undefined;

  before(async () => {
    const clientBank = await broker().connectAs("client-bank");
    producer = await clientBank.createProducer(destinationOf(CHANNELS.transactionResult));
    const operator = await broker().connectAs("operator");
    deadLetters = await operator.createConsumer(deadLetterDestination(CHANNELS.transactionResult));
  });

  beforeEach(() => {
    captured = captureLog();
  });

  afterEach(async () => {
    await service?.drain({ timeoutMs: 2_000 });
    service = undefined;
    await testDatabase().query("DELETE FROM notification.templates WHERE version > 7");
    await testDatabase().query(ACTIVATE_LATEST);
  });

  async function start(options: { readonly language?: string; readonly webhook?: WebhookTarget } = {}) {
    const connection: Connection = await broker().connectAs("notification");
    const started = await startNotification({
      connection,
      database: openDatabase({
        url: testDatabase().urlOf("notification"),
        poolSize: 4,
        service: "notification-test",
        log: captured.log,
      }),
      log: captured.log,
      messageKeys: messageKeysFor("notification"),
      language: "en",
      sender: {
        pollIntervalMs: 50,
        retry: { initialDelayMs: 20, maximumDelayMs: 50, maximumAttempts: 5, maximumAgeMs: 60_000 },
      },
      ...options,
    });
    service = {
      drain: async (drain) => {
        await started.drain(drain);
        await connection.close();
      },
    };
  }

  function send(end: PaymentEndMessage): Promise<void> {
    return producer.send(
      envelopesOf("client-bank").message("payment-end", end, {
        properties: END_PROPERTIES,
        traceparent: TRACEPARENT,
      }),
    );
  }

  function rowsOf({ payment }: PaymentEndMessage): Promise<Row[]> {
    return testDatabase().query<Row>(
      `SELECT channel, language, state, attempts, subject FROM notification.notifications
       WHERE payment_id = $1 ORDER BY channel`,
      [payment.id],
    );
  }

  function recorded(end: PaymentEndMessage): Promise<Row[]> {
    return eventually(`the notification of ${end.payment.id} is recorded`, async () => {
      const rows = await rowsOf(end);
      return rows.length > 0 && rows;
    });
  }

  function bothSent(end: PaymentEndMessage): Promise<unknown> {
    return eventually("the connection and the webhook are sent", async () => {
      const rows = await rowsOf(end);
      return rows.length === 2 && rows.every(({ state }) => state === "sent");
    });
  }

  function linesOf({ payment }: PaymentEndMessage): Record<string, unknown>[] {
    return captured.lines().filter((line) => line.payment === payment.id && line.msg === "notification");
  }

  it("reports a payment on the log, once, though its end is delivered twice and contradicted later", async () => {
    await start();
    const end = paymentEnd();
    const next = paymentEnd({ declineReason: "INSUFFICIENT_FUNDS", declinedBy: "client-side" });
    await send(end);
    await send(end);
    await recorded(end);
    await send(end);
    // client-bank never does so: whoever does is not heard.
    await send(paymentEnd({ id: end.payment.id, declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" }));
    await send(next);
    await recorded(next);
    expect(await rowsOf(end)).to.deep.equal([
      { channel: "log", language: "en", state: "sent", attempts: 1, subject: "Payment of €12.50 succeeded" },
    ]);
    await eventually("the next line is written", () => linesOf(next).length === 1);
    expect(linesOf(end)).to.have.length(1);
    expect(linesOf(end)[0]).to.deep.include({
      trace: TRACE_ID,
      step: "5a",
      channel: "log",
      template: "payment-succeeded",
      version: 1,
      subject: "Payment of €12.50 succeeded",
    });
    expect(linesOf(next)[0]).to.deep.include({ template: "payment-declined", subject: "Payment of €12.50 declined" });
  });

  it("keeps what came while it was away, for its subscription is durable", async () => {
    const end = paymentEnd();
    await send(end);
    await start();
    await recorded(end);
  });

  it("speaks the language that it is told to speak", async () => {
    await start({ language: "fr" });
    const end = paymentEnd();
    await send(end);
    const [row] = await recorded(end);
    expect(row?.language).to.equal("fr");
    expect(row?.subject.replace(/\p{Zs}/gu, " ")).to.equal("Paiement de 12,50 € accepté");
  });

  it("waits with its messages while no template is active, and goes on once there is one", async () => {
    await testDatabase().query("UPDATE notification.templates SET active = false WHERE name = 'payment-succeeded'");
    await start();
    const end = paymentEnd();
    await send(end);
    await eventually("the lack is reported", () =>
      captured.text().includes("No version of template payment-succeeded is active"),
    );
    expect(await rowsOf(end)).to.have.length(0);
    await testDatabase().query(ACTIVATE_LATEST);
    await recorded(end);
  });

  async function activate(name: string, version: number, body: string): Promise<void> {
    await testDatabase().query("UPDATE notification.templates SET active = false WHERE name = $1 AND language = 'en'", [
      name,
    ]);
    await testDatabase().query(
      `INSERT INTO notification.templates (name, language, version, subject, body, active)
       VALUES ($1, 'en', $2, 'Subject', $3, true)`,
      [name, version, body],
    );
  }
  const complaints = () => captured.lines().filter((line) => line.level === 50 && line.template !== undefined);

  it("tells by the last good version before it where the active one names an unknown variable, and says so once", async () => {
    await activate("payment-declined", 8, "Good, by {{ merchant }}");
    await activate("payment-declined", 9, "Dear {{ first_name }}");
    // In a branch that this payment does not take.
    await activate("payment-succeeded", 9, "{% if currency == 'ZZZ' %}{{ first_name }}{% endif %}Thanks");
    await start();
    const declined = paymentEnd({ declineReason: "CARD_EXPIRED" });
    const succeeded = paymentEnd();
    await send(declined);
    await send(succeeded);
    await recorded(declined);
    await recorded(succeeded);
    const versionOf = async ({ payment }: PaymentEndMessage) => {
      const [row] = await testDatabase().query<{ version: number }>(
        "SELECT template_version AS version FROM notification.notifications WHERE payment_id = $1",
        [payment.id],
      );
      return row?.version;
    };
    expect(await versionOf(declined)).to.equal(8);
    expect(await versionOf(succeeded)).to.be.lessThan(8);
    expect(complaints().map(({ template, version, used }) => [template, version, used])).to.have.deep.members([
      ["payment-declined", 9, 8],
      ["payment-succeeded", 9, await versionOf(succeeded)],
    ]);
    for (const { reason } of complaints()) expect(reason).to.contain("first_name");
  });

  it("waits with its messages while no version of a template is good, and goes on once there is one", async () => {
    await testDatabase().query(
      "UPDATE notification.templates SET body = body || '{{ nothing }}' WHERE name = $1 AND language = 'en'",
      ["payment-succeeded"],
    );
    try {
      await start();
      const end = paymentEnd();
      await send(end);
      await eventually("the lack is told", () => captured.text().includes("nor an earlier one can be used"));
      expect(await rowsOf(end)).to.have.length(0);
      await testDatabase().query("UPDATE notification.templates SET body = replace(body, '{{ nothing }}', '')");
      await recorded(end);
      expect(complaints()).to.have.length(1);
    } finally {
      await testDatabase().query("UPDATE notification.templates SET body = replace(body, '{{ nothing }}', '')");
    }
  });

  it("sets a payment aside, loudly, that its template cannot tell though it can tell all others, and goes on", async () => {
    await activate("payment-declined", 9, "{% if description == 'odd' %}{{ payment_id.nothing }}{% endif %}Declined");
    await start();
    const broken = paymentEnd({ declineReason: "CARD_EXPIRED", description: "odd" });
    const good = paymentEnd();
    await send(broken);
    await send(good);
    const deadLetter = await deadLetters.receive({ timeoutMs: 30_000 });
    deadLetter?.accept();
    expect(deadLetter?.properties.dead_letter_reason).to.match(
      /Template payment-declined \(en, version 9\) cannot be rendered: undefined variable: payment_id.nothing/,
    );
    await recorded(good);
    expect(await rowsOf(broken)).to.have.length(0);
    expect(captured.lines().some((line) => line.level === 50 && /nothing/.test(String(line.reason)))).to.equal(true);
  });

  for (const [what, message] of [
    ["a text that is not JSON", { text: "no" }],
    ["a message of the future", { json: { ...paymentEnd(), version: 2 } }],
  ] as const) {
    it(`sets aside ${what} and goes on`, async () => {
      await start();
      await producer.send({ ...message, properties: END_PROPERTIES });
      const good = paymentEnd();
      await send(good);
      await recorded(good);
      const deadLetter = await deadLetters.receive({ timeoutMs: 30_000 });
      deadLetter?.accept();
      expect(deadLetter?.properties.dead_letter_origin).to.equal("transaction-result");
    });
  }

  it("posts a signed webhook at once, with the payment and without anything of its card but what may be shown", async () => {
    await using receiver = await startReceiver((response) => response.writeHead(204).end());
    await start({ webhook: { url: receiver.url, secrets: ringOf(SECRET), allowPrivate: true } });
    const end = paymentEnd({ declineReason: "MERCHANT_CLOSED", declinedBy: "merchant-bank" });
    await send(end);
    const webhook = await eventually("the webhook arrives", () => receiver.received[0]);
    const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature } = webhook.headers;
    expect(id).to.equal(`${end.payment.id}_payment-declined`);
    const expected = createHmac("sha256", SECRET).update(`${id}.${timestamp}.${webhook.body}`).digest("base64");
    expect(signature).to.equal(`v1,${expected}`);
    const { type, timestamp: time, data } = JSON.parse(webhook.body);
    expect({ type, time }).to.deep.equal({ type: "payment.declined", time: end.payment.finishTime });
    expect(data).to.deep.include({
      paymentId: end.payment.id,
      requestId: end.payment.requestId,
      merchantId: end.payment.merchantId,
      amount: { currencyCode: "EUR", minorUnits: "1250" },
      state: "DECLINED",
      declineReason: "MERCHANT_CLOSED",
      declinedBy: "merchant-bank",
      card: { brand: "visa", lastFour: "4242", expiryMonth: 12, expiryYear: 2030 },
    });
    expect(data.notification.subject).to.equal("Payment of €12.50 declined");
    expect(webhook.body).to.not.contain("fingerprint");
    await eventually("both channels are sent", async () => (await rowsOf(end)).every(({ state }) => state === "sent"));
  });

  it("posts one webhook for an end that is delivered twice, and the same one again after a failure", async () => {
    const statuses = [500, 503, 200];
    await using receiver = await startReceiver((response) => response.writeHead(statuses.shift() ?? 200).end());
    await start({ webhook: { url: receiver.url, secrets: ringOf(SECRET), allowPrivate: true } });
    const end = paymentEnd();
    await send(end);
    await send(end);
    await bothSent(end);
    const ofPayment = receiver.received.filter(({ body }) => body.includes(end.payment.id));
    expect(ofPayment).to.have.length(3);
    expect(new Set(ofPayment.map(({ headers, body }) => `${headers["webhook-id"]} ${body}`)).size).to.equal(1);
  });

  it("never lets a slow receiver hold the queue", async () => {
    await using receiver = await startReceiver(() => undefined);
    await start({ webhook: { url: receiver.url, secrets: ringOf(SECRET), allowPrivate: true, timeoutMs: 1_000 } });
    const ends = Array.from({ length: 150 }, () => paymentEnd());
    await Promise.all(ends.map(send));
    for (const end of ends) await recorded(end);
    expect(receiver.received).to.not.have.length(0);
  });
});
