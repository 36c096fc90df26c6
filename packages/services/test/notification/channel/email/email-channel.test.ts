import type { Connection, Producer } from "@quittance/sdk";
import { expect } from "chai";
import { SMTP_CONNECTIONS } from "../../../../dist/notification/channel/email/open-mailer.js";
import { type NotificationOptions, startNotification } from "../../../../dist/notification/service.js";
import { settingsHandlers } from "../../../../dist/notification/settings/settings-handlers.js";
import { openDatabase } from "../../../../dist/platform/database.js";
import type { RunningService } from "../../../../dist/platform/run-service.js";
import { ManagementError } from "../../../../dist/shared/management-error.js";
import type { PaymentEndMessage } from "../../../../dist/shared/messages.js";
import { CHANNELS, destinationOf } from "../../../../dist/shared/queue-map.js";
import type { RefundEndMessage } from "../../../../dist/shared/refund-messages.js";
import { END_PROPERTIES } from "../../../../dist/topology/channel-table.js";
import { type CapturedLog, captureLog } from "../../../support/captured-log.js";
import { useDatabase } from "../../../support/database-for-tests.js";
import { eventually } from "../../../support/eventually.js";
import { ringOf } from "../../../support/key-rings.js";
import { envelopesOf, messageKeysFor } from "../../../support/message-keys.js";
import { useSystemBroker } from "../../../support/system-broker.js";
import { paymentEnd, refundEnd } from "../../ends.js";
import { merchantOf, SEALING_KEYS } from "../../webhook/endpoints.js";
import { startReceiver } from "../../webhook/receiver.js";
import { headerOf, type MailServer, partOf, startMailServer, startSilentServer } from "./mail-server.js";

const SERVICE = "quittance.notifications.v1.NotificationSettingsService";
const MERCHANT = "m-bookshop";
const DAY_MS = 24 * 3_600_000;
const SECRET = new Uint8Array(32).fill(5);

describe("What a merchant is told by e-mail", function () {
  this.timeout(60_000);
  const broker = useSystemBroker();
  const testDatabase = useDatabase();
  let captured: CapturedLog;
  let payments: Producer;
  let refunds: Producer;
  let service: RunningService | undefined;

  before(async () => {
    const clientBank = await broker().connectAs("client-bank");
    payments = await clientBank.createProducer(destinationOf(CHANNELS.transactionResult));
    refunds = await clientBank.createProducer(destinationOf(CHANNELS.refundResult));
  });

  beforeEach(() => {
    captured = captureLog();
  });

  afterEach(async () => {
    await service?.drain({ timeoutMs: 5_000 });
    service = undefined;
    await testDatabase().query(
      "TRUNCATE notification.merchant_settings, notification.emails, notification.refused_addresses",
    );
  });

  function open(log = captured.log) {
    return openDatabase({ url: testDatabase().urlOf("notification"), poolSize: 4, service: "notification-test", log });
  }

  async function start(
    server: Pick<MailServer, "target" | "tls">,
    options: Pick<NotificationOptions, "webhook" | "endpoints" | "deliveries"> = {},
  ) {
    const connection: Connection = await broker().connectAs("notification");
    const started = await startNotification({
      connection,
      database: open(),
      log: captured.log,
      messageKeys: messageKeysFor("notification"),
      language: "en",
      ...options,
      email: { target: server.target, tls: server.tls, sender: { pollIntervalMs: 20 } },
    });
    service = {
      ...started,
      drain: async (drain) => {
        await started.drain(drain);
        await connection.close();
      },
    };
  }

  async function update(settings: object, updateMask?: string[], actor = MERCHANT) {
    const database = open();
    const handlers = settingsHandlers({ database, hasEmail: true });
    const request = { settings: { language: "", emailRecipients: [], ...settings }, updateMask };
    try {
      const answer = await handlers[`${SERVICE}/UpdateNotificationSettings`]({ actor, request } as never);
      return answer.settings;
    } finally {
      await database.close();
    }
  }

  async function read(actor = MERCHANT) {
    const database = open();
    const handlers = settingsHandlers({ database, hasEmail: true });
    const { settings } = await handlers[`${SERVICE}/GetNotificationSettings`]({ actor, request: {} });
    await database.close();
    return settings;
  }

  const recipient = (address: string, changes: object = {}) => ({
    address,
    eventTypes: [],
    language: "",
    refuseReason: "",
    ...changes,
  });

  function send(end: PaymentEndMessage): Promise<void> {
    return payments.send(envelopesOf("client-bank").message("payment-end", end, { properties: END_PROPERTIES }));
  }

  function sendRefund(end: RefundEndMessage): Promise<void> {
    return refunds.send(envelopesOf("client-bank").message("refund-end", end, { properties: END_PROPERTIES }));
  }

  async function recorded({ payment }: PaymentEndMessage): Promise<void> {
    await eventually("the end is recorded", async () => {
      const rows = await testDatabase().query("SELECT FROM notification.notifications WHERE payment_id = $1", [
        payment.id,
      ]);
      return rows.length > 0;
    });
  }

  it("goes to the addresses that take the type, each in its language, once however often the end is delivered", async () => {
    await using server = await startMailServer();
    await start(server);
    await update({
      language: "fr-CA",
      emailRecipients: [
        recipient("all@shop.example"),
        recipient("declines@shop.example", { eventTypes: ["payment.declined", "refund.declined"], language: "en" }),
      ],
    });
    const succeeded = paymentEnd({ description: "Zwei Bücher\r\nBcc: thief@evil.example" });
    const declined = paymentEnd({ declineReason: "CARD_EXPIRED" });
    const refund = refundEnd({ paymentId: succeeded.payment.id });
    for (let time = 0; time < 2; time++) {
      await send(succeeded);
      await send(declined);
      await sendRefund(refund);
    }
    await eventually("four e-mails arrive", () => server.received.length === 4);
    const told = server.received.map((one) => `${one.to[0]} ${headerOf(one, "Subject")?.replaceAll(/\p{Zs}/gu, " ")}`);
    expect(told).to.have.members([
      "all@shop.example Paiement de 12,50 € accepté",
      "all@shop.example Paiement de 12,50 € refusé",
      "all@shop.example Remboursement de 3,50 € effectué",
      "declines@shop.example Payment of €12.50 declined",
    ]);
    const paid = server.received.find(({ raw }) => partOf({ raw } as never, "text/plain").includes("Zwei"));
    if (paid === undefined) throw new Error("The payment was not told.");
    expect(partOf(paid, "text/plain")).to.contain("Objet : Zwei Bücher Bcc: thief@evil.example");
    expect(headerOf(paid, "Bcc")).to.equal(undefined);
    const last = paymentEnd({ merchantId: "m-other" });
    await send(last);
    await recorded(last);
    expect(server.received, "nothing of a merchant without settings").to.have.length(4);
  });

  it("holds no end up while the mail server lets e-mails wait, and none is lost", async () => {
    const held = Promise.withResolvers<void>();
    await using server = await startMailServer({ onEmail: () => held.promise });
    await start(server);
    await update({ emailRecipients: [recipient("slow@shop.example")] });
    const ends = Array.from({ length: 100 }, () => paymentEnd());
    await Promise.all(ends.map(send));
    for (const end of ends) await recorded(end);
    expect(server.received.length).to.be.within(0, SMTP_CONNECTIONS);
    held.resolve();
    await eventually("all arrive", () => server.received.length === 100);
  });

  it("holds up neither ends nor webhooks while a mail server takes connections and says nothing", async () => {
    await using server = await startSilentServer();
    await using receiver = await startReceiver((response) => response.writeHead(204).end());
    await start(server, { webhook: { url: receiver.url, secrets: ringOf(SECRET), allowPrivate: true } });
    await update({ emailRecipients: [recipient("silent@shop.example")] });
    const ends = Array.from({ length: 100 }, () => paymentEnd());
    await Promise.all(ends.map(send));
    await eventually("every webhook arrives", () => receiver.received.length === 100);
    await eventually("every e-mail waits", async () => {
      const waiting = await testDatabase().query(
        "SELECT FROM notification.emails WHERE state IN ('pending', 'failed')",
      );
      return waiting.length === 100;
    });
    await eventually("the mail server is tried", () => server.connections > 0);
  });

  it("says that a webhook endpoint was disabled, and why, to the addresses that take that, once", async () => {
    await using server = await startMailServer();
    await using receiver = await startReceiver((response) => response.writeHead(500).end());
    await start(server, {
      endpoints: { sealingKeys: SEALING_KEYS, allowPrivate: true },
      deliveries: {
        disableAfterMs: 5 * DAY_MS,
        retry: { initialDelayMs: 20, maximumDelayMs: 20, maximumAttempts: 10, maximumAgeMs: 60_000 },
      },
    });
    await update({
      language: "fr",
      emailRecipients: [
        recipient("all@shop.example"),
        recipient("admin@shop.example", { eventTypes: ["webhook_endpoint.disabled"], language: "en" }),
        recipient("declines@shop.example", { eventTypes: ["payment.declined"] }),
      ],
    });
    const database = open();
    const { webhookEndpoint } = await merchantOf(MERCHANT, { database }).create({ url: receiver.url.href });
    const failing = { id: webhookEndpoint?.id ?? "", host: receiver.url.host };
    await testDatabase().query(
      "UPDATE notification.webhook_endpoints SET failing_since = now() - interval '6 days' WHERE id = $1",
      [failing.id],
    );
    const end = paymentEnd();
    await send(end);
    const of = (address: string) => server.received.filter(({ to }) => to[0] === address);
    const english = await eventually("it is told", () => of("admin@shop.example")[0]);
    expect(headerOf(english, "Subject")).to.equal(`Webhook endpoint ${failing.id} disabled`);
    expect(partOf(english, "text/plain"))
      .to.contain(failing.host)
      .and.to.match(/every attempt has failed since/);
    await eventually("the other one is told too", () => of("all@shop.example").length === 2);
    expect(of("all@shop.example").map((email) => headerOf(email, "Subject"))).to.include(
      `Webhook ${failing.id} désactivé`,
    );
    expect(of("admin@shop.example"), "nothing of payments").to.have.length(1);
    expect(of("declines@shop.example")).to.have.length(0);
    const { events } = await merchantOf(MERCHANT, { database }).events({ type: "webhook_endpoint.disabled" });
    expect(events).to.have.length(1);
    await database.close();
  });

  it("names an address that was refused, until the settings are changed", async () => {
    expect(await read()).to.deep.equal({ language: "", emailRecipients: [], updateTime: undefined });
    await update({ emailRecipients: [recipient("gone@shop.example")] });
    await testDatabase().query(
      "INSERT INTO notification.refused_addresses VALUES ('gone@shop.example', 'SMTP status 550 to RCPT TO', now())",
    );
    const [marked] = (await read())?.emailRecipients ?? [];
    expect(marked).to.deep.include({ address: "gone@shop.example", refuseReason: "SMTP status 550 to RCPT TO" });
    expect(marked?.refuseTime).to.be.instanceOf(Date);
    expect((await read("m-other"))?.emailRecipients).to.deep.equal([]);
    const [again] = (await update({ emailRecipients: [recipient("gone@shop.example")] }))?.emailRecipients ?? [];
    expect(again?.refuseTime).to.equal(undefined);
  });

  it("changes by parts, which a mask names", async () => {
    await update({ language: "fr", emailRecipients: [recipient("a@shop.example")] });
    const changed = await update({ language: "en" }, ["language"]);
    expect(changed?.language).to.equal("en");
    expect(changed?.emailRecipients.map(({ address }) => address)).to.deep.equal(["a@shop.example"]);
    expect((await update({}, ["email_recipients"]))?.emailRecipients).to.deep.equal([]);
  });

  const wrong: readonly (readonly [what: string, settings: object, field: string, mask?: string[]])[] = [
    ["a language that is none", { language: "French!" }, "settings.language"],
    ["an address that is none", { emailRecipients: [recipient("nobody")] }, "settings.email_recipients[0].address"],
    [
      "a header in an address",
      { emailRecipients: [recipient("a@b.example\r\nBcc: c@d.example")] },
      "settings.email_recipients[0].address",
    ],
    [
      "an address twice",
      { emailRecipients: [recipient("a@b.example"), recipient("A@b.example")] },
      "settings.email_recipients",
    ],
    [
      "a type without a template",
      { emailRecipients: [recipient("a@b.example", { eventTypes: ["payment.lost"] })] },
      "settings.email_recipients[0].event_types",
    ],
    [
      "too many recipients",
      { emailRecipients: Array.from({ length: 21 }, (_, n) => recipient(`a${n}@b.example`)) },
      "settings.email_recipients",
    ],
    [
      "a card number in an address",
      { emailRecipients: [recipient("4242424242424242@b.example")] },
      "settings.email_recipients[0].address",
    ],
    ["a mask of unknown fields", {}, "update_mask", ["secrets"]],
  ];
  for (const [what, settings, field, mask] of wrong) {
    it(`refuses ${what}`, async () => {
      const refusal = await update(settings, mask).catch((error: unknown) => error);
      if (!(refusal instanceof ManagementError)) throw new Error(`It was not refused: ${refusal}`);
      expect(refusal.code).to.equal("INVALID_ARGUMENT");
      expect(refusal.violations.map((violation) => violation.field)).to.deep.equal([field]);
    });
  }

  it("is refused where the system has no mail server", async () => {
    const database = open();
    const handlers = settingsHandlers({ database, hasEmail: false });
    const call = (emailRecipients: object[]) =>
      handlers[`${SERVICE}/UpdateNotificationSettings`]({
        actor: MERCHANT,
        request: { settings: { language: "fr", emailRecipients } },
      } as never);
    const refusal = await call([recipient("a@b.example")]).catch((error: unknown) => error);
    expect(refusal).to.deep.include({ code: "FAILED_PRECONDITION", reason: "EMAIL_NOT_CONFIGURED" });
    expect((await call([])).settings?.language).to.equal("fr");
    await database.close();
  });
});
