import { expect } from "chai";
import { insertNotifications } from "../../../dist/notification/operations/insert-notifications.js";
import type { WebhookPoster } from "../../../dist/notification/webhook/post-webhook.js";
import type { PostResult } from "../../../dist/notification/webhook/posted-webhook.js";
import { WebhookSender, type WebhookSenderOptions } from "../../../dist/notification/webhook/webhook-sender.js";
import { type Database, openDatabase } from "../../../dist/platform/database.js";
import { type CapturedLog, captureLog } from "../../support/captured-log.js";
import { useDatabase } from "../../support/database-for-tests.js";
import { eventually } from "../../support/eventually.js";
import { randomPaymentId } from "../ends.js";

interface Row {
  readonly state: string;
  readonly attempts: number;
  readonly last_error: string | null;
}

const QUICK = { initialDelayMs: 20, maximumDelayMs: 40, maximumAttempts: 4, maximumAgeMs: 60_000 };
const DELIVERED: PostResult = { kind: "delivered", status: 200 };

describe("WebhookSender", () => {
  const testDatabase = useDatabase();
  let database: Database;
  let captured: CapturedLog;
  let senders: WebhookSender[] = [];

  beforeEach(() => {
    captured = captureLog();
    database = openDatabase({
      url: testDatabase().urlOf("notification"),
      poolSize: 4,
      service: "webhook-sender-test",
      log: captured.log,
    });
  });

  afterEach(async () => {
    await Promise.all(senders.map((sender) => sender.drain({ timeoutMs: 2_000 })));
    senders = [];
    await database.close();
    await testDatabase().query("TRUNCATE notification.notifications");
  });

  /** A sender that posts by `post`, as long as the test runs. */
  function start(post: WebhookPoster["post"], options: Partial<WebhookSenderOptions> = {}): WebhookSender {
    const sender = new WebhookSender({
      database,
      poster: { post },
      log: captured.log,
      pollIntervalMs: 20,
      retry: QUICK,
      ...options,
    });
    senders.push(sender);
    return sender;
  }

  async function record(count = 1): Promise<string[]> {
    const paymentIds = Array.from({ length: count }, randomPaymentId);
    await database.transaction((transaction) =>
      insertNotifications(transaction, {
        notifications: paymentIds.map((paymentId) => ({
          paymentId,
          refundId: "",
          templateName: "payment-succeeded",
          channel: "webhook" as const,
          language: "en",
          templateVersion: 1,
          subject: "s",
          body: "b",
          payload: `{"payment":"${paymentId}"}`,
          traceId: null,
          traceparent: null,
          tracestate: null,
        })),
      }),
    );
    return paymentIds;
  }

  async function rowOf(paymentId: string | undefined): Promise<Row> {
    const [row] = await testDatabase().query<Row & Record<string, unknown>>(
      "SELECT state, attempts, last_error FROM notification.notifications WHERE payment_id = $1",
      [paymentId],
    );
    if (row === undefined) throw new Error("The notification is not recorded.");
    return row;
  }

  function inState(paymentId: string | undefined, state: string): Promise<Row> {
    return eventually(`the webhook is ${state}`, async () => {
      const row = await rowOf(paymentId);
      return row.state === state && row;
    });
  }

  it("posts what is due and records it as sent", async () => {
    const [paymentId] = await record();
    const posted: { id: string; payload: string }[] = [];
    start(async (webhook) => {
      posted.push(webhook);
      return DELIVERED;
    });
    expect(await inState(paymentId, "sent")).to.deep.equal({ state: "sent", attempts: 1, last_error: null });
    expect(posted).to.deep.equal([
      {
        traceparent: null,
        tracestate: null,
        id: `${paymentId}_payment-succeeded`,
        payload: `{"payment":"${paymentId}"}`,
      },
    ]);
  });

  it("posts at once when it is woken, long before it would look by itself", async () => {
    const sender = start(async () => DELIVERED, { pollIntervalMs: 60_000 });
    const [paymentId] = await record();
    sender.wake();
    await inState(paymentId, "sent");
  });

  it("tries again under the same id with the same payload until the receiver takes it", async () => {
    const [paymentId] = await record();
    const answers: PostResult[] = [
      { kind: "failed", reason: "HTTP status 500" },
      { kind: "failed", reason: "ECONNREFUSED" },
      DELIVERED,
    ];
    const posted = new Set<string>();
    start(async (webhook) => {
      posted.add(JSON.stringify(webhook));
      return answers.shift() ?? DELIVERED;
    });
    expect(await inState(paymentId, "sent")).to.include({ attempts: 3 });
    expect(posted.size).to.equal(1);
    expect(captured.lines().map(({ msg }) => msg)).to.deep.equal(["webhook failed", "webhook failed", "webhook sent"]);
  });

  it("gives up after the last attempt and says why", async () => {
    const [paymentId] = await record();
    start(async () => ({ kind: "failed", reason: "HTTP status 500" }));
    expect(await inState(paymentId, "gave-up")).to.deep.equal({
      state: "gave-up",
      attempts: 4,
      last_error: "HTTP status 500",
    });
  });

  it("makes no further attempt when the receiver is gone for good", async () => {
    const [paymentId] = await record();
    start(async () => ({ kind: "gone" }));
    expect(await inState(paymentId, "gave-up")).to.include({ attempts: 1 });
  });

  it("sends what a sender left behind that died while it posted", async () => {
    const [paymentId] = await record();
    const claimed = new Promise<void>((resolve) => {
      // It never answers and never records: what a killed process leaves behind.
      start(
        () => {
          resolve();
          return new Promise(() => undefined);
        },
        { leaseMs: 100, pollIntervalMs: 60_000 },
      );
    });
    await claimed;
    expect(await rowOf(paymentId)).to.include({ state: "pending", attempts: 1 });
    start(async () => DELIVERED);
    expect(await inState(paymentId, "sent")).to.include({ attempts: 2 });
  });

  it("does not let a sender whose lease ran out undo what the next one did", async () => {
    const [paymentId] = await record();
    let answerLate: (result: PostResult) => void = () => undefined;
    const claimed = new Promise<void>((resolve) => {
      start(
        () => {
          resolve();
          return new Promise((answer) => {
            answerLate = answer;
          });
        },
        { leaseMs: 50, pollIntervalMs: 60_000 },
      );
    });
    await claimed;
    start(async () => DELIVERED);
    await inState(paymentId, "sent");
    answerLate({ kind: "failed", reason: "HTTP status 500" });
    await eventually("the late result is reported", () => captured.text().includes("webhook failed"));
    await Promise.all(senders.map((sender) => sender.drain({ timeoutMs: 2_000 })));
    expect(await rowOf(paymentId)).to.deep.equal({ state: "sent", attempts: 2, last_error: null });
  });

  it("shares the work between senders without posting anything twice", async () => {
    const posted: string[] = [];
    const post = async ({ id }: { readonly id: string }) => {
      posted.push(id);
      return DELIVERED;
    };
    await record(200);
    start(post, { concurrency: 8 });
    start(post, { concurrency: 8 });
    await eventually("everything is sent", async () => {
      const [row] = await testDatabase().query<{ open: string }>(
        "SELECT count(*)::text AS open FROM notification.notifications WHERE state <> 'sent'",
      );
      return row?.open === "0";
    });
    expect(posted).to.have.length(200);
    expect(new Set(posted).size).to.equal(200);
  });

  it("posts no more at once than it may", async () => {
    let posting = 0;
    let most = 0;
    const ids = await record(30);
    start(
      async () => {
        posting += 1;
        most = Math.max(most, posting);
        await new Promise((resolve) => setImmediate(resolve));
        posting -= 1;
        return DELIVERED;
      },
      { concurrency: 3 },
    );
    for (const id of ids) await inState(id, "sent");
    expect(most).to.equal(3);
  });

  it("waits in a drain for what is being posted, and takes nothing new", async () => {
    const [first] = await record();
    let answer: (result: PostResult) => void = () => undefined;
    let sender: WebhookSender | undefined;
    const claimed = new Promise<void>((resolve) => {
      sender = start(() => {
        resolve();
        return new Promise((post) => {
          answer = post;
        });
      });
    });
    await claimed;
    const drained = sender?.drain({ timeoutMs: 5_000 });
    const [second] = await record();
    sender?.wake();
    answer(DELIVERED);
    await drained;
    expect((await rowOf(first)).state).to.equal("sent");
    expect((await rowOf(second)).state).to.equal("pending");
  });

  it("goes on by itself after the database was away", async () => {
    let failures = 2;
    const flaky: Database = {
      ...database,
      autoCommit: (work) => {
        if (failures-- > 0) return Promise.reject(new Error("Connection terminated unexpectedly"));
        return database.autoCommit(work);
      },
    };
    const [paymentId] = await record();
    start(async () => DELIVERED, { database: flaky });
    await inState(paymentId, "sent");
  });
});
