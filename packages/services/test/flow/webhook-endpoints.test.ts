import { expect } from "chai";
import { Webhook } from "standardwebhooks";
import { type Receiver, startReceiver, webhooksOf } from "../notification/webhook/receiver.js";
import { eventually } from "../support/eventually.js";
import { TEST_BROKER, useStack } from "../support/stack-for-tests.js";

const STORM = 300;
/** How far the webhooks are when notification is killed. */
const KILL_AFTER = 60;
const SETTINGS = { WEBHOOK_ALLOW_PRIVATE: "true", WEBHOOK_LEASE_SECONDS: "6" };

interface Endpoint {
  readonly id: string;
  readonly state: string;
  readonly eventTypes: readonly string[];
}
interface Event {
  readonly id: string;
  readonly type: string;
  readonly payment?: { readonly id: string };
}

describe(`A merchant's webhooks, by its API alone, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  let receiver: Receiver;

  before(async () => {
    receiver = await startReceiver((response) => response.writeHead(204).end());
    Object.assign(process.env, SETTINGS);
  });
  const system = useStack({ instances: { notification: 2 } });
  after(async () => {
    for (const name of Object.keys(SETTINGS)) delete process.env[name];
    await receiver[Symbol.asyncDispose]();
  });

  /** A call over HTTP, which must succeed. */
  async function call<Answer>(method: string, path: string, body?: object, merchant = "m-0001"): Promise<Answer> {
    const answer = await system().http(path, { method, merchant, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    expect(answer.status, `${method} ${path}: ${text}`).to.equal(200);
    return JSON.parse(text) as Answer;
  }
  const webhooks = (from: number) => webhooksOf(receiver, from);

  let endpoint: Endpoint;
  let secret: string;

  it("begin with an endpoint, and say what the API's reads answer", async () => {
    const created = await call<{ webhookEndpoint: Endpoint; secret: string }>("POST", "/v1/webhook-endpoints", {
      requestId: "first-endpoint",
      url: receiver.url.href,
    });
    ({ webhookEndpoint: endpoint, secret } = created);
    expect(endpoint.eventTypes).to.deep.equal(["*"]);
    const payment = await system().pay({ requestId: "told" });
    const read = await call<{ payment: object }>("GET", `/v1/payments/${payment.id}`);
    const refunded = await call<{ refund: { id: string } }>("POST", `/v1/payments/${payment.id}:refund`, {
      requestId: "told-refund",
      amount: { currencyCode: "EUR", minorUnits: "10" },
    });
    await eventually("both are told", () => receiver.received.length >= 2);
    const [told, refund] = ["payment.succeeded", "refund.succeeded"].map((type) =>
      webhooks(0).find((webhook) => webhook.type === type),
    );
    new Webhook(secret).verify(told?.body ?? "", told?.headers ?? {});
    expect(told?.data).to.deep.equal(read.payment);
    expect(refund?.data).to.deep.equal(
      (await call<{ refund: object }>("GET", `/v1/refunds/${refunded.refund.id}`)).refund,
    );
  });

  it("are listed, read with their attempts, and sent again under the same id", async () => {
    const { events } = await call<{ events: Event[] }>("GET", "/v1/events?type=payment.succeeded");
    const id = events[0]?.id ?? "";
    expect(webhooks(0).map((webhook) => webhook.id)).to.include(id);
    const read = await eventually("it is delivered", async () => {
      const answer = await call<{ event: Event; deliveries: { state: string }[] }>("GET", `/v1/events/${id}`);
      return answer.deliveries[0]?.state === "WEBHOOK_DELIVERY_STATE_DELIVERED" && answer;
    });
    expect(read.event.payment?.id).to.match(/^pay_/);
    const before = receiver.received.length;
    await call("POST", `/v1/events/${id}:resend`, {});
    const again = await eventually("it comes again", () => webhooks(before)[0]);
    expect(again.id).to.equal(id);
    const attempts = await eventually("both attempts are kept", async () => {
      const answer = await call<{ attempts: { statusCode: number }[] }>("GET", `/v1/events/${id}/attempts`);
      return answer.attempts.length === 2 && answer.attempts;
    });
    expect(attempts.map(({ statusCode }) => statusCode)).to.deep.equal([204, 204]);
  });

  it("are signed by both secrets while one takes the place of the other", async () => {
    const rotated = await call<{ secret: string }>("POST", `/v1/webhook-endpoints/${endpoint.id}:rotateSecret`, {});
    const before = receiver.received.length;
    await call("POST", `/v1/webhook-endpoints/${endpoint.id}:test`, {});
    const tried = await eventually("the test event comes", () => webhooks(before)[0]);
    expect(tried.type).to.equal("webhook_endpoint.test");
    for (const one of [secret, rotated.secret]) new Webhook(one).verify(tried.body, tried.headers);
  });

  it("are nobody else's", async () => {
    const answer = await system().http(`/v1/webhook-endpoints/${endpoint.id}`, { merchant: "m-0002" });
    expect(answer.status).to.equal(404);
    const { events } = await call<{ events: Event[] }>("GET", "/v1/events", undefined, "m-0002");
    expect(events).to.deep.equal([]);
    const payments = await system().stack.tokenOf("m-0001", ["payments:read", "payments:write"]);
    const refused = await system().http("/v1/events", { headers: { authorization: `Bearer ${payments}` } });
    expect(refused.status).to.equal(403);
  });

  it(`are all told, each under one id, when notification is killed in the middle of ${STORM} payments`, async () => {
    const before = receiver.received.length;
    const paid = Promise.all(
      Array.from({ length: STORM }, (_, place) => system().pay({ requestId: `storm-${place}` })),
    );
    await eventually("the webhooks are under way", () => receiver.received.length >= before + KILL_AFTER);
    system().killService("notification");
    const ids = (await paid).map(({ id }) => id);
    const toldOf = () => new Map(webhooks(before).map(({ id, data }) => [data.id, id]));
    await eventually("every payment is told", () => ids.every((id) => toldOf().has(id)), 60_000);
    const told = webhooks(before);
    const names = new Set(told.map(({ id, data }) => `${data.id} ${id}`));
    expect(names.size, "a payment has one webhook-id").to.equal(toldOf().size);
    process.stdout.write(`      ${told.length} webhooks arrived of ${names.size} events\n`);
  });

  it("stop while the endpoint is disabled, and go on when it is enabled", async () => {
    const update = (state: string) => call("PATCH", `/v1/webhook-endpoints/${endpoint.id}`, { state });
    await update("WEBHOOK_ENDPOINT_STATE_DISABLED");
    const missed = await system().pay({ requestId: "missed" });
    const missedEvent = await eventually("it is an event", async () => {
      const { events } = await call<{ events: Event[] }>("GET", `/v1/events?payment=${missed.id}`);
      return events[0];
    });
    await update("WEBHOOK_ENDPOINT_STATE_ENABLED");
    const before = receiver.received.length;
    const next = await system().pay({ requestId: "next" });
    await eventually("the next one is told", () => webhooks(before).some(({ data }) => data.id === next.id));
    expect(webhooks(before).map(({ data }) => data.id)).not.to.include(missed.id);
    await call("POST", `/v1/events/${missedEvent.id}:resend`, {});
    await eventually("the missed one is told", () => webhooks(before).some(({ data }) => data.id === missed.id));
    await call("DELETE", `/v1/webhook-endpoints/${endpoint.id}`);
    const { webhookEndpoints } = await call<{ webhookEndpoints: Endpoint[] }>("GET", "/v1/webhook-endpoints");
    expect(webhookEndpoints).to.deep.equal([]);
  });
});
