import { expect } from "chai";
import type { CreateWebhookEndpointRequest } from "../../dist/gen/quittance/notifications/v1/webhook_endpoints.js";
import { type Database, openDatabase } from "../../dist/platform/database.js";
import { ManagementError } from "../../dist/shared/management-error.js";
import { captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";
import { merchantOf, recordPayments } from "./webhook/endpoints.js";

/** What a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<ManagementError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ManagementError) return error;
  throw new Error(`The call was not refused: ${error}.`);
}

describe("A merchant's webhook endpoints", function () {
  this.timeout(30_000);
  const testDatabase = useDatabase();
  let database: Database;
  const woken: string[] = [];
  const merchant = (id: string) =>
    merchantOf(id, { database, wakeSender: (endpoints) => void woken.push(...endpoints) });

  before(() => {
    database = openDatabase({
      url: testDatabase().urlOf("notification"),
      poolSize: 4,
      service: "webhook-endpoints-test",
      log: captureLog().log,
    });
  });
  after(() => database.close());
  beforeEach(() => void woken.splice(0));

  it("are created with a secret that no other answer and no row holds", async () => {
    const created = await merchant("m-1").create({
      url: "https://example.com/hook",
      eventTypes: ["payment.succeeded"],
    });
    const id = created.webhookEndpoint?.id ?? "";
    expect(created.secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const read = await merchant("m-1").get(id);
    expect(read.webhookEndpoint).to.deep.include({
      id,
      url: "https://example.com/hook",
      eventTypes: ["payment.succeeded"],
      state: 1,
    });
    expect(JSON.stringify(read)).not.to.contain(created.secret);
    const rows = await testDatabase().query("SELECT * FROM notification.webhook_secrets WHERE endpoint_id = $1", [id]);
    const stored = JSON.stringify(rows);
    expect(rows).to.have.length(1);
    expect(stored).not.to.contain(created.secret.slice("whsec_".length));
    expect(stored).not.to.contain(Buffer.from(created.secret.slice("whsec_".length), "base64").toString("hex"));
  });

  it("are one for each request_id, however often it is asked for", async () => {
    const first = await merchant("m-2").create({ requestId: "once" });
    const again = await Promise.all([1, 2, 3].map(() => merchant("m-2").create({ requestId: "once" })));
    for (const { webhookEndpoint, secret } of again) {
      expect(webhookEndpoint).to.deep.equal(first.webhookEndpoint);
      expect(secret).to.equal("");
    }
    const error = await refusal(merchant("m-2").create({ requestId: "once", url: "https://example.com/other" }));
    expect(error).to.include({ code: "ALREADY_EXISTS", reason: "REQUEST_ID_REUSED" });
    expect(error.violations.map(({ field }) => field)).to.deep.equal(["url"]);
    expect((await merchant("m-2").list()).webhookEndpoints).to.have.length(1);
  });

  it("exist for nobody but their merchant", async () => {
    const { webhookEndpoint } = await merchant("m-3").create({});
    const id = webhookEndpoint?.id ?? "";
    const { events } = await recordPayments(database, "m-3", 1);
    const event = events[0]?.id ?? "";
    const other = merchant("m-4");
    for (const call of [
      () => other.get(id),
      () => other.update({ id, state: 2 }),
      () => other.delete(id),
      () => other.rotate(id),
      () => other.test(id),
    ]) {
      expect(await refusal(call())).to.include({ code: "NOT_FOUND", reason: "WEBHOOK_ENDPOINT_NOT_FOUND" });
    }
    for (const call of [() => other.event(event), () => other.resend(event), () => other.attempts(event)]) {
      expect(await refusal(call())).to.include({ code: "NOT_FOUND", reason: "EVENT_NOT_FOUND" });
    }
    expect((await other.list()).webhookEndpoints).to.deep.equal([]);
    expect((await other.events()).events).to.deep.equal([]);
    await merchant("m-4").create({});
    expect(await refusal(other.resend((await recordPayments(database, "m-4", 1)).events[0]?.id ?? "", id))).to.include({
      reason: "WEBHOOK_ENDPOINT_NOT_FOUND",
    });
  });

  it("are sixteen at most, however many are asked for at once", async () => {
    const calls = Array.from({ length: 20 }, () =>
      merchant("m-5")
        .create({})
        .catch((error: unknown) => error),
    );
    const refused = (await Promise.all(calls)).filter((answer) => answer instanceof ManagementError);
    expect(refused).to.have.length(4);
    for (const error of refused) expect(error).to.include({ reason: "TOO_MANY_WEBHOOK_ENDPOINTS" });
    const { webhookEndpoints, nextPageToken } = await merchant("m-5").list(10);
    const rest = await merchant("m-5").list(10, nextPageToken);
    const ids = [...webhookEndpoints, ...rest.webhookEndpoints].map(({ id }) => id);
    expect(new Set(ids).size).to.equal(16);
    expect(rest.nextPageToken).to.equal("");
  });

  it("are listed on from where a page ended, although its last one was deleted meanwhile", async () => {
    for (let count = 0; count < 4; count += 1) await merchant("m-13").create({});
    const all = (await merchant("m-13").list()).webhookEndpoints.map(({ id }) => id);
    const { nextPageToken } = await merchant("m-13").list(2);
    await merchant("m-13").delete(all[1] ?? "");
    const rest = await merchant("m-13").list(2, nextPageToken);
    expect(rest.webhookEndpoints.map(({ id }) => id)).to.deep.equal(all.slice(2));
  });

  it("take what they were told to take, and nothing while they are disabled", async () => {
    const { webhookEndpoint } = await merchant("m-6").create({ eventTypes: ["refund.succeeded"] });
    const id = webhookEndpoint?.id ?? "";
    const queued = async () => (await recordPayments(database, "m-6", 1)).endpoints;
    expect(await queued(), "another type").to.deep.equal([]);
    await merchant("m-6").update({ id, eventTypes: ["*"] });
    expect(await queued()).to.deep.equal([id]);
    const disabled = await merchant("m-6").update({ id, state: 2 });
    expect(disabled.webhookEndpoint).to.deep.include({ state: 2, disableReason: 1, eventTypes: ["*"] });
    const { events, endpoints } = await recordPayments(database, "m-6", 1);
    expect(endpoints).to.deep.equal([]);
    const missed = events[0]?.id ?? "";
    expect((await merchant("m-6").event(missed)).deliveries).to.deep.equal([]);
    expect(await refusal(merchant("m-6").resend(missed))).to.include({ reason: "WEBHOOK_ENDPOINT_DISABLED" });
    expect(await refusal(merchant("m-6").test(id))).to.include({ reason: "WEBHOOK_ENDPOINT_DISABLED" });
    await merchant("m-6").update({ id, state: 1 });
    const { deliveries } = await merchant("m-6").resend(missed);
    expect(deliveries.map((delivery) => delivery.webhookEndpoint)).to.deep.equal([id]);
    expect(woken).to.include(id);
  });

  it("have a test event of their own, which goes to them alone", async () => {
    const one = await merchant("m-7").create({ eventTypes: ["refund.declined"] });
    await merchant("m-7").create({});
    const { event } = await merchant("m-7").test(one.webhookEndpoint?.id ?? "");
    expect(event?.type).to.equal("webhook_endpoint.test");
    expect(event?.webhookEndpoint?.id).to.equal(one.webhookEndpoint?.id);
    const { deliveries } = await merchant("m-7").event(event?.id ?? "");
    expect(deliveries.map((delivery) => delivery.webhookEndpoint)).to.deep.equal([one.webhookEndpoint?.id]);
  });

  it("are gone when they are deleted, with their secrets, and their events stay", async () => {
    const { webhookEndpoint } = await merchant("m-8").create({});
    const id = webhookEndpoint?.id ?? "";
    const { events } = await recordPayments(database, "m-8", 1);
    await merchant("m-8").delete(id);
    expect(await refusal(merchant("m-8").get(id))).to.include({ code: "NOT_FOUND" });
    expect(
      await testDatabase().query("SELECT FROM notification.webhook_secrets WHERE endpoint_id = $1", [id]),
    ).to.deep.equal([]);
    expect((await merchant("m-8").event(events[0]?.id ?? "")).event?.type).to.equal("payment.succeeded");
  });

  it("have four secrets at most, and one when the former ones end at once", async () => {
    const { webhookEndpoint } = await merchant("m-9").create({});
    const id = webhookEndpoint?.id ?? "";
    for (let time = 0; time < 3; time += 1) await merchant("m-9").rotate(id);
    expect(await refusal(merchant("m-9").rotate(id))).to.include({ reason: "TOO_MANY_WEBHOOK_SECRETS" });
    const last = await merchant("m-9").rotate(id, 0n);
    expect(last.webhookEndpoint?.formerSecretExpireTime).to.equal(undefined);
    const next = await merchant("m-9").rotate(id, 60n);
    const leftMs = (next.webhookEndpoint?.formerSecretExpireTime?.getTime() ?? 0) - Date.now();
    expect(leftMs).to.be.within(30_000, 61_000);
  });

  it("keep no secret longer than it signs, however often it is changed", async () => {
    const { webhookEndpoint } = await merchant("m-12").create({});
    const id = webhookEndpoint?.id ?? "";
    for (let time = 0; time < 10; time += 1) await merchant("m-12").rotate(id, 0n);
    await merchant("m-12").rotate(id, 60n);
    const rows = await testDatabase().query(
      "SELECT expire_time IS NULL AS is_last FROM notification.webhook_secrets WHERE endpoint_id = $1 ORDER BY 1",
      [id],
    );
    expect(rows).to.deep.equal([{ is_last: false }, { is_last: true }]);
  });

  it("cannot be had where the installation has no key for secrets", async () => {
    const error = await refusal(merchantOf("m-1", { database, seal: undefined }).create({}));
    expect(error).to.include({ code: "FAILED_PRECONDITION", reason: "WEBHOOKS_NOT_CONFIGURED" });
  });

  for (const [what, request, field] of [
    ["plain HTTP", { url: "http://example.com/" }, "url"],
    ["loopback", { url: "https://127.0.0.1/" }, "url"],
    ["loopback written as one number", { url: "https://2130706433/" }, "url"],
    ["a metadata service", { url: "https://169.254.169.254/latest" }, "url"],
    ["an IPv6 address of inside", { url: "https://[fd00::1]/" }, "url"],
    ["a password in the URL", { url: "https://a:b@example.com/" }, "url"],
    ["a fragment", { url: "https://example.com/#part" }, "url"],
    ["no URL", { url: "" }, "url"],
    ["a URL that is none", { url: "example" }, "url"],
    ["a URL that is too long", { url: `https://example.com/${"a".repeat(2_048)}` }, "url"],
    ["a card number in the URL", { url: "https://example.com/4242424242424242" }, "url"],
    ["a card number in the description", { description: "4242 4242 4242 4242" }, "description"],
    ["a description that is too long", { description: "a".repeat(141) }, "description"],
    ["a line end in the description", { description: "a\nb" }, "description"],
    ["a type that there is not", { eventTypes: ["payment.exploded"] }, "event_types"],
    ["no request_id", { requestId: "" }, "request_id"],
    ["a request_id with other characters", { requestId: "a b" }, "request_id"],
  ] satisfies readonly (readonly [string, Partial<CreateWebhookEndpointRequest>, string])[]) {
    it(`are refused with ${what}`, async () => {
      const error = await refusal(merchantOf("m-10", { database, allowPrivate: false }).create(request));
      expect(error).to.include({ code: "INVALID_ARGUMENT", reason: "INVALID_FIELDS" });
      expect(error.violations.map((violation) => violation.field)).to.deep.equal([field]);
    });
  }

  it("answer events by type, time and payment, newest first, in pages", async () => {
    await merchant("m-11").create({});
    const { events } = await recordPayments(database, "m-11", 25);
    const pages: string[] = [];
    let token = "";
    do {
      const { events: page, nextPageToken } = await merchant("m-11").events({ pageSize: 10, pageToken: token });
      expect(page.length).to.be.lessThanOrEqual(10);
      pages.push(...page.map(({ id }) => id));
      token = nextPageToken;
    } while (token !== "");
    expect(pages).to.have.length(25);
    expect(pages.toSorted()).to.deep.equal(events.map(({ id }) => id).toSorted());
    const [one] = events;
    const ofPayment = await merchant("m-11").events({ payment: one?.paymentId ?? "" });
    expect(ofPayment.events.map(({ id }) => id)).to.deep.equal([one?.id]);
    expect((await merchant("m-11").events({ type: "payment.declined" })).events).to.deep.equal([]);
    expect((await merchant("m-11").events({ type: "payment.succeeded" })).events).to.have.length(25);
    const soon = new Date(Date.now() + 60_000);
    expect((await merchant("m-11").events({ startTime: soon })).events).to.deep.equal([]);
    expect((await merchant("m-11").events({ endTime: soon })).events).to.have.length(25);
    for (const [field, request] of [
      ["page_token", { pageToken: "forged" }],
      ["page_size", { pageSize: -1 }],
      ["payment", { payment: "pay_x" }],
      ["type", { type: "' OR 1=1" }],
    ] as const) {
      const { violations } = await refusal(merchant("m-11").events(request));
      expect(violations.map((violation) => violation.field)).to.deep.equal([field]);
    }
  });
});
