import { createHmac } from "node:crypto";
import { createServer } from "node:net";
import { expect } from "chai";
import {
  openWebhookClient,
  openWebhookPoster,
  type WebhookTarget,
} from "../../../dist/notification/webhook/post-webhook.js";
import { ringOf } from "../../support/key-rings.js";
import { startReceiver } from "./receiver.js";

const SECRET = new Uint8Array(32).fill(3);
const WEBHOOK = { id: "pay_a_payment-succeeded", payload: '{"type":"payment.succeeded"}' };

async function posted(target: Partial<WebhookTarget> & { readonly url: URL }) {
  const poster = openWebhookPoster({ secrets: ringOf(SECRET), allowPrivate: true, ...target });
  try {
    return await poster.post(WEBHOOK);
  } finally {
    poster.close();
  }
}

describe("openWebhookPoster", () => {
  it("posts the payload with a signature that the receiver can verify", async () => {
    await using receiver = await startReceiver((response) => response.writeHead(204).end());
    const before = Math.floor(Date.now() / 1_000);
    expect(await posted({ url: receiver.url })).to.deep.equal({ kind: "delivered", status: 204 });
    const [webhook] = receiver.received;
    const headers = webhook?.headers ?? {};
    expect(webhook?.body).to.equal(WEBHOOK.payload);
    expect(headers["content-type"]).to.equal("application/json");
    expect(headers["webhook-id"]).to.equal(WEBHOOK.id);
    expect(Number(headers["webhook-timestamp"])).to.be.within(before, before + 10);
    const signed = `${WEBHOOK.id}.${headers["webhook-timestamp"]}.${WEBHOOK.payload}`;
    const signature = createHmac("sha256", SECRET).update(signed).digest("base64");
    expect(headers["webhook-signature"]).to.equal(`v1,${signature}`);
  });

  it("uses one connection for several webhooks", async () => {
    await using receiver = await startReceiver((response) => response.end("ok"));
    const poster = openWebhookPoster({ url: receiver.url, secrets: ringOf(SECRET), allowPrivate: true });
    await poster.post(WEBHOOK);
    await poster.post(WEBHOOK);
    poster.close();
    expect(receiver.received.map(({ connection }) => connection)).to.deep.equal([1, 1]);
  });

  it("keeps as many connections as it may, whoever they are to", async () => {
    await using stack = new AsyncDisposableStack();
    const receivers = await Promise.all([1, 2, 3].map(() => startReceiver((response) => response.end("ok"))));
    for (const receiver of receivers) stack.use(receiver);
    const client = openWebhookClient({ allowPrivate: true, keptConnections: 2 });
    for (const { url } of [...receivers, ...receivers]) await client.post({ url, secrets: [SECRET] }, WEBHOOK);
    client.close();
    const connections = receivers.map(({ received }) => received.map(({ connection }) => connection));
    expect(connections).to.deep.equal([
      [1, 1],
      [1, 1],
      [1, 2],
    ]);
  });

  for (const status of [400, 404, 429, 500, 503]) {
    it(`reports status ${status} as a failure`, async () => {
      await using receiver = await startReceiver((response) => response.writeHead(status).end());
      expect(await posted({ url: receiver.url })).to.deep.equal({
        kind: "failed",
        reason: `HTTP status ${status}`,
        status,
      });
    });
  }

  it("tells how long the receiver asks to wait", async () => {
    await using receiver = await startReceiver((response) => response.writeHead(429, { "retry-after": "30" }).end());
    expect(await posted({ url: receiver.url })).to.deep.include({ retryAfterMs: 30_000 });
  });

  it("reports 410 as a wish for no more", async () => {
    await using receiver = await startReceiver((response) => response.writeHead(410).end());
    expect(await posted({ url: receiver.url })).to.deep.equal({ kind: "gone" });
  });

  it("does not follow a redirect", async () => {
    await using receiver = await startReceiver((response) => response.writeHead(307, { location: "/other" }).end());
    expect(await posted({ url: receiver.url })).to.deep.equal({
      kind: "failed",
      reason: "HTTP status 307",
      status: 307,
    });
    expect(receiver.received.map(({ path }) => path)).to.deep.equal(["/hook"]);
  });

  it("gives up on a receiver that does not answer in time", async () => {
    await using receiver = await startReceiver(() => undefined);
    expect(await posted({ url: receiver.url, timeoutMs: 100 })).to.deep.equal({
      kind: "failed",
      reason: "no answer within 100 ms",
    });
  });

  it("believes the status of an answer whose body never ends", async () => {
    await using receiver = await startReceiver((response) => response.writeHead(200).write("…"));
    expect(await posted({ url: receiver.url, timeoutMs: 200 })).to.deep.equal({ kind: "delivered", status: 200 });
  });

  it("reads no more of an answer than its limit", async () => {
    let sent = 0;
    await using receiver = await startReceiver((response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const more = () => {
        while (!response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) break;
        }
      };
      response.on("drain", more);
      response.writeHead(200);
      more();
    });
    expect(await posted({ url: receiver.url })).to.deep.equal({ kind: "delivered", status: 200 });
    expect(sent).to.be.lessThan(64 * 1024 * 1024);
  });

  it("reports a receiver that is not there", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    const port = typeof address === "object" ? address?.port : 0;
    expect(await posted({ url: new URL(`http://127.0.0.1:${port}/`) })).to.deep.equal({
      kind: "failed",
      reason: "ECONNREFUSED",
    });
  });

  for (const host of ["127.0.0.1", "localhost"]) {
    it(`refuses ${host} unless private addresses are allowed, and sends it nothing`, async () => {
      await using receiver = await startReceiver((response) => response.end());
      const url = new URL(receiver.url);
      url.hostname = host;
      const result = await posted({ url, allowPrivate: false });
      expect(result.kind).to.equal("failed");
      expect(result)
        .to.have.property("reason")
        .that.matches(/public/);
      expect(receiver.received).to.have.length(0);
    });
  }
});
