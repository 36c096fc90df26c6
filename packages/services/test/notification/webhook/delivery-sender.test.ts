import { expect } from "chai";
import { Webhook } from "standardwebhooks";
import { DeliverySender, type DeliverySenderOptions } from "../../../dist/notification/webhook/delivery-sender.js";
import { openWebhookClient, type WebhookClient } from "../../../dist/notification/webhook/post-webhook.js";
import type { PostResult } from "../../../dist/notification/webhook/posted-webhook.js";
import { SecretSeal } from "../../../dist/notification/webhook/secret-seal.js";
import { type Database, openDatabase } from "../../../dist/platform/database.js";
import { type CapturedLog, captureLog } from "../../support/captured-log.js";
import { useDatabase } from "../../support/database-for-tests.js";
import { eventually } from "../../support/eventually.js";
import { merchantOf, recordPayments, SEALING_KEYS } from "./endpoints.js";
import { startSecureReceiver } from "./secure-receiver.js";

const QUICK = { initialDelayMs: 20, maximumDelayMs: 40, maximumAttempts: 4, maximumAgeMs: 60_000 };
const DELIVERED: PostResult = { kind: "delivered", status: 200 };
const STORM = 2_000;
const DAY_MS = 24 * 3_600 * 1_000;

describe("DeliverySender", function () {
  this.timeout(60_000);
  const testDatabase = useDatabase();
  let database: Database;
  let captured: CapturedLog;
  let senders: DeliverySender[] = [];
  let clients: WebhookClient[] = [];
  const [bookshop, florist] = ["m-bookshop", "m-florist"];
  const merchant = (id: string) => merchantOf(id, { database });

  beforeEach(() => {
    captured = captureLog();
    database = openDatabase({
      url: testDatabase().urlOf("notification"),
      poolSize: 4,
      service: "delivery-sender-test",
      log: captured.log,
    });
  });

  afterEach(async () => {
    await Promise.all(senders.map((sender) => sender.drain({ timeoutMs: 2_000 })));
    for (const client of clients) client.close();
    [senders, clients] = [[], []];
    await database.close();
    await testDatabase().query(
      `TRUNCATE notification.notifications, notification.events, notification.webhook_deliveries,
         notification.webhook_attempts, notification.webhook_endpoints, notification.webhook_secrets`,
    );
  });

  function start(options: Partial<DeliverySenderOptions> = {}): DeliverySender {
    const client = openWebhookClient({ allowPrivate: true, timeoutMs: 60_000 });
    clients.push(client);
    const sender = new DeliverySender({
      ...{ database, client, seal: new SecretSeal(SEALING_KEYS), log: captured.log },
      ...{ pollIntervalMs: 20, idlePollIntervalMs: 20, retry: QUICK },
      ...options,
    });
    senders.push(sender);
    return sender;
  }

  /** A client that differs only in how it posts. */
  const posting = (post: WebhookClient["post"]) => ({ client: { post } });

  async function waiting(): Promise<number> {
    const [row] = await testDatabase().query<{ count: number }>(
      "SELECT count(*)::int AS count FROM notification.webhook_deliveries WHERE state IN ('pending', 'failed')",
    );
    return row?.count ?? 0;
  }
  const allSent = () => eventually("nothing waits", async () => (await waiting()) === 0);

  it("posts events over HTTPS, signed by each secret while one takes the place of another", async () => {
    await using receiver = await startSecureReceiver((response) => response.writeHead(204).end());
    const { webhookEndpoint, secret } = await merchant(bookshop).create({ url: receiver.url.href });
    const id = webhookEndpoint?.id ?? "";
    const rotated = await merchant(bookshop).rotate(id);
    const { events } = await recordPayments(database, bookshop, 1);
    start();
    const webhook = await eventually("the webhook arrives", () => receiver.received[0]);
    const headers = webhook.headers as Record<string, string>;
    expect(headers["webhook-id"]).to.equal(events[0]?.id);
    expect(headers["webhook-signature"]?.split(" ")).to.have.length(2);
    for (const one of [secret, rotated.secret]) {
      expect(new Webhook(one).verify(webhook.body, headers)).to.deep.equal(JSON.parse(webhook.body));
    }
    // The former secret ends at once.
    const last = await merchant(bookshop).rotate(id, 0n);
    await recordPayments(database, bookshop, 1);
    const next = await eventually("the next one arrives", () => receiver.received[1]);
    const nextHeaders = next.headers as Record<string, string>;
    new Webhook(last.secret).verify(next.body, nextHeaders);
    expect(() => new Webhook(secret).verify(next.body, nextHeaders)).to.throw("No matching signature");
  });

  it(`posts to one endpoint while another one hangs with ${STORM} webhooks in its queue`, async () => {
    await using hanging = await startSecureReceiver(() => undefined);
    await using quick = await startSecureReceiver((response) => response.writeHead(204).end());
    await merchant(bookshop).create({ url: hanging.url.href });
    await merchant(florist).create({ url: quick.url.href });
    const sender = start();
    const alone = await timeOfOne(sender, quick);
    const { endpoints } = await recordPayments(database, bookshop, STORM);
    sender.wake(endpoints);
    await eventually("the storm is under way", () => hanging.received.length >= 8);
    const beside = await timeOfOne(sender, quick);
    const left = await waiting();
    process.stdout.write(
      `      delivered in ${alone} ms alone, and in ${beside} ms beside a queue of ${left} to an endpoint that hangs\n`,
    );
    // Not one of the storm was delivered or given up before it, and no more of it are posted at once than may be.
    expect(left).to.equal(STORM);
    expect(hanging.received).to.have.length(8);
  });

  /** From the record of one payment of the florist to the arrival of its webhook, in milliseconds. */
  async function timeOfOne(sender: DeliverySender, receiver: { readonly received: readonly unknown[] }) {
    const before = receiver.received.length;
    const beganMs = performance.now();
    const { endpoints } = await recordPayments(database, florist, 1);
    sender.wake(endpoints);
    await eventually("the webhook arrives", () => receiver.received.length === before + 1);
    return Math.round(performance.now() - beganMs);
  }

  it("leaves the queue of an endpoint that refuses everything alone, and the others go on", async () => {
    await using refusing = await startSecureReceiver((response) => response.writeHead(500).end());
    await using quick = await startSecureReceiver((response) => response.writeHead(204).end());
    await merchant(bookshop).create({ url: refusing.url.href });
    await merchant(florist).create({ url: quick.url.href });
    await recordPayments(database, bookshop, 200);
    await recordPayments(database, florist, 200);
    start({ breaker: { afterFailures: 3, halfOpenAfterMs: 60_000, probeSize: 1 } });
    await eventually("the other's are delivered", () => quick.received.length === 200);
    // Those that were under way when the third one failed, and no more.
    expect(refusing.received.length).to.be.within(3, 16);
    expect(await waiting()).to.equal(200);
  });

  it("shares the work between instances without posting anything twice", async () => {
    const posted: string[] = [];
    const post = posting(async (_to, { id }) => {
      posted.push(id);
      return DELIVERED;
    });
    await merchant(bookshop).create({});
    const { events } = await recordPayments(database, bookshop, 300);
    start(post);
    start(post);
    await allSent();
    expect(posted.toSorted()).to.deep.equal(events.map(({ id }) => id).toSorted());
  });

  it("posts what another instance was posting when it died, after its lease, under the same id", async () => {
    const posted: string[] = [];
    await merchant(bookshop).create({});
    const { events } = await recordPayments(database, bookshop, 1);
    const claimed = new Promise<void>((resolve) => {
      start({
        ...posting(() => {
          resolve();
          return new Promise(() => undefined);
        }),
        leaseMs: 100,
      });
    });
    await claimed;
    start(
      posting(async (_to, { id }) => {
        posted.push(id);
        return DELIVERED;
      }),
    );
    await allSent();
    expect(posted).to.deep.equal([events[0]?.id]);
  });

  it("tries again until the endpoint takes it, and keeps every attempt", async () => {
    const statuses = [500, 503, 204];
    await using receiver = await startSecureReceiver((response) => response.writeHead(statuses.shift() ?? 500).end());
    await merchant(bookshop).create({ url: receiver.url.href });
    const { events } = await recordPayments(database, bookshop, 1);
    start();
    await allSent();
    const id = events[0]?.id ?? "";
    const { attempts } = await merchant(bookshop).attempts(id);
    expect(attempts.map(({ number, statusCode, error }) => [number, statusCode, error])).to.deep.equal([
      [3, 204, ""],
      [2, 503, "HTTP status 503"],
      [1, 500, "HTTP status 500"],
    ]);
    for (const { latencyMs } of attempts) expect(latencyMs).to.be.within(0, 5_000);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"]))).to.deep.equal(new Set([id]));
  });

  it("posts a resent event under the same id with the same body, and with all its attempts again", async () => {
    const bodies: string[] = [];
    const results: PostResult[] = [DELIVERED];
    await merchant(bookshop).create({});
    const { events } = await recordPayments(database, bookshop, 1);
    const id = events[0]?.id ?? "";
    const sender = start(
      posting(async (_to, webhook) => {
        bodies.push(`${webhook.id} ${webhook.payload}`);
        return results.shift() ?? { kind: "failed", reason: "HTTP status 500", status: 500 };
      }),
    );
    await allSent();
    const { deliveries } = await merchantOf(bookshop, { database, wakeSender: (due) => sender.wake(due) }).resend(id);
    expect(deliveries.map(({ event }) => event)).to.deep.equal([id]);
    await eventually("it is given up", async () => (await waiting()) === 0 && bodies.length === 5);
    expect(new Set(bodies).size).to.equal(1);
    const { deliveries: after } = await merchant(bookshop).event(id);
    expect(after[0]).to.include({ state: 4, attemptCount: 5 });
  });

  it("disables an endpoint that has only failed for days, and tells the merchant's others", async () => {
    const told: string[] = [];
    const { webhookEndpoint } = await merchant(bookshop).create({});
    await recordPayments(database, bookshop, 1);
    await testDatabase().query("UPDATE notification.webhook_endpoints SET failing_since = now() - interval '5 days'");
    start({
      ...posting(async () => ({ kind: "failed", reason: "HTTP status 500", status: 500 })),
      disableAfterMs: 5 * DAY_MS,
      onDisabled: async (_transaction, { id, merchantId, disableReason }) => {
        told.push(`${merchantId} ${id} ${disableReason}`);
        return [];
      },
    });
    await eventually("it is told", () => told.length > 0);
    expect(told).to.deep.equal([`${bookshop} ${webhookEndpoint?.id} failing`]);
    const after = await merchant(bookshop).get(webhookEndpoint?.id ?? "");
    expect(after.webhookEndpoint).to.deep.include({ state: 2, disableReason: 2 });
    // What waits stays, and what is new is recorded without a place in the queue.
    await recordPayments(database, bookshop, 1);
    expect(await waiting()).to.equal(1);
  });

  it("disables no endpoint unless its merchant's notice is kept with it, and tries again with the next failure", async () => {
    let refusals = 0;
    const { webhookEndpoint } = await merchant(bookshop).create({});
    await recordPayments(database, bookshop, 1);
    await testDatabase().query("UPDATE notification.webhook_endpoints SET failing_since = now() - interval '5 days'");
    const state = async () => (await merchant(bookshop).get(webhookEndpoint?.id ?? "")).webhookEndpoint?.state;
    const seen: unknown[] = [];
    start({
      ...posting(async () => {
        seen.push(await state());
        return { kind: "failed", reason: "HTTP status 500", status: 500 };
      }),
      disableAfterMs: 5 * DAY_MS,
      onDisabled: async () => {
        refusals += 1;
        if (refusals === 1) throw new Error("The notice cannot be kept.");
        return [];
      },
    });
    await eventually("it is disabled", async () => (await state()) === 2);
    expect(refusals).to.equal(2);
    expect(seen, "at each attempt").to.deep.equal([1, 1]);
  });

  it("takes a success for the end of a failure, and 410 for the wish to be disabled", async () => {
    const results: PostResult[] = [
      { kind: "failed", reason: "HTTP status 500", status: 500 },
      DELIVERED,
      { kind: "gone" },
    ];
    const { webhookEndpoint } = await merchant(bookshop).create({});
    const id = webhookEndpoint?.id ?? "";
    const endpoint = async () => (await merchant(bookshop).get(id)).webhookEndpoint;
    const sender = start(posting(async () => results.shift() ?? DELIVERED));
    sender.wake((await recordPayments(database, bookshop, 1)).endpoints);
    await eventually("it fails", async () => (await endpoint())?.failingSinceTime !== undefined);
    await eventually("it recovers", async () => (await endpoint())?.failingSinceTime === undefined);
    sender.wake((await recordPayments(database, bookshop, 1)).endpoints);
    await eventually("it is disabled", async () => (await endpoint())?.state === 2);
    expect(await endpoint()).to.deep.include({ disableReason: 3 });
  });

  it("never posts unsigned: a secret that was moved to another endpoint does not open there", async () => {
    const posted: string[] = [];
    await merchant(bookshop).create({});
    await merchant(florist).create({});
    await testDatabase().query(
      `UPDATE notification.webhook_secrets AS secret SET sealed = other.sealed
       FROM notification.webhook_secrets AS other WHERE other.endpoint_id <> secret.endpoint_id`,
    );
    const { events } = await recordPayments(database, bookshop, 1);
    start(
      posting(async (_to, { id }) => {
        posted.push(id);
        return DELIVERED;
      }),
    );
    const attempt = await eventually("it is told", async () => {
      const { attempts } = await merchant(bookshop).attempts(events[0]?.id ?? "");
      return attempts[0];
    });
    expect(attempt.error).to.equal("the secret of the endpoint cannot be opened");
    expect(posted).to.deep.equal([]);
  });

  it("goes on by itself after the database was away", async () => {
    let failures = 3;
    const flaky: Database = {
      ...database,
      autoCommit: (work) =>
        failures-- > 0 ? Promise.reject(new Error("Connection terminated unexpectedly")) : database.autoCommit(work),
    };
    await merchant(bookshop).create({});
    await recordPayments(database, bookshop, 3);
    start({ ...posting(async () => DELIVERED), database: flaky });
    await allSent();
  });
});
