import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Webhook } from "standardwebhooks";
import { eventually } from "../../services/dist-test/support/eventually.js";
import { type ReceivedWebhook, verifyWebhook, WebhookError } from "../dist/mod.js";

const secretOf = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString("base64")}`;
const [SECRET, NEXT_SECRET, FOREIGN_SECRET] = [secretOf(1), secretOf(2), secretOf(3)] as const;
/** Has characters beyond ASCII and escapes in which writers of JSON differ. */
const BODY =
  '{"type":"payment.succeeded","timestamp":"2026-05-15T10:00:00.400Z","data":{"id":"pay_1","description":"Café 1\\/2 €","state":"PAYMENT_STATE_SUCCEEDED","amount":{"currencyCode":"EUR","minorUnits":"1250"}}}';

function received(secrets: readonly string[], { body = BODY, time = new Date() } = {}): ReceivedWebhook {
  const signature = secrets.map((secret) => new Webhook(secret).sign("evt_1", time, body)).join(" ");
  const headers = {
    "Webhook-Id": "evt_1",
    "webhook-timestamp": String(Math.floor(time.getTime() / 1_000)),
    "webhook-signature": signature,
  };
  return { body, headers };
}

describe("A webhook", () => {
  it("that is signed with the secret is read as what the API answers", async () => {
    const event = await verifyWebhook(received([SECRET]), { secret: SECRET });
    expect(event).to.deep.include({ id: "evt_1", type: "payment.succeeded" });
    expect(event.timestamp).to.deep.equal(new Date("2026-05-15T10:00:00.400Z"));
    expect(event.payment).to.deep.equal({
      id: "pay_1",
      description: "Café 1/2 €",
      state: "SUCCEEDED",
      amount: { currencyCode: "EUR", minorUnits: 1_250n },
    });
  });

  it("is verified by its bytes, and by the headers of fetch", async () => {
    const { body, headers } = received([SECRET]);
    const asFetch = {
      body: new TextEncoder().encode(body as string),
      headers: new Headers(headers as Record<string, string>),
    };
    expect((await verifyWebhook(asFetch, { secret: SECRET })).id).to.equal("evt_1");
  });

  it("is believed while one secret takes the place of another, on either side", async () => {
    expect((await verifyWebhook(received([NEXT_SECRET, SECRET]), { secret: SECRET })).id).to.equal("evt_1");
    expect((await verifyWebhook(received([SECRET]), { secret: [NEXT_SECRET, SECRET] })).id).to.equal("evt_1");
  });

  it("of a kind that a later release adds is read as far as it is known", async () => {
    const body = '{"type":"dispute.opened","timestamp":"2026-05-15T10:00:00Z","data":{"id":"dis_1"}}';
    const event = await verifyWebhook(received([SECRET], { body }), { secret: SECRET });
    expect(event).to.deep.equal({ id: "evt_1", type: "dispute.opened", timestamp: new Date("2026-05-15T10:00:00Z") });
  });

  it("is received by the README's program, which believes no other, and acts once on what comes twice", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quittance-receiver-"));
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const [, program = ""] = /<!-- run by npm test -->\n```js\n([\s\S]*?)```/.exec(readme) ?? [];
    const entry = new URL("../dist/mod.js", import.meta.url).href;
    await writeFile(join(folder, "receiver.mjs"), program.replace('"@quittance/client"', JSON.stringify(entry)));
    const socketPath = join(folder, "receiver.sock");
    const receiver = spawn(process.execPath, [join(folder, "receiver.mjs")], {
      env: { PORT: socketPath, WEBHOOK_SECRET: SECRET },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    receiver.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    try {
      const post = async (webhook: ReceivedWebhook) => {
        const asking = request({ socketPath, method: "POST", headers: webhook.headers as Record<string, string> });
        asking.end(webhook.body);
        const [answer] = (await once(asking, "response")) as [IncomingMessage];
        answer.resume();
        return answer.statusCode;
      };
      await eventually("the receiver listens", () => post(received([FOREIGN_SECRET])).catch(() => undefined));
      expect(await post(received([FOREIGN_SECRET]))).to.equal(401);
      expect(await post(received([SECRET]))).to.equal(204);
      expect(await post(received([SECRET]))).to.equal(204);
      await eventually("it says what it took", () => printed !== "");
      expect(printed).to.equal("payment.succeeded pay_1\n");
    } finally {
      receiver.kill();
      await once(receiver, "close");
      await rm(folder, { recursive: true, force: true });
    }
  });

  // Made when they are verified: a file of tests may be read long before it is run, and old webhooks are not believed.
  const genuine = () => received([SECRET]);
  const wrong: readonly (readonly [sentence: string, webhook: () => ReceivedWebhook, reason: string])[] = [
    ["that another secret signed", () => received([FOREIGN_SECRET]), "SIGNATURE_WRONG"],
    ["whose body was changed", () => ({ ...genuine(), body: BODY.replace("1250", "9250") }), "SIGNATURE_WRONG"],
    ["whose id was changed", () => withHeader("Webhook-Id", "evt_2"), "SIGNATURE_WRONG"],
    [
      "whose time was changed",
      () => withHeader("webhook-timestamp", String(Math.floor(Date.now() / 1_000) - 9)),
      "SIGNATURE_WRONG",
    ],
    [
      "with a signature of another version",
      () => withHeader("webhook-signature", signatureAs("v2,")),
      "SIGNATURE_WRONG",
    ],
    ["with a signature that is no base64", () => withHeader("webhook-signature", "v1,@@@"), "SIGNATURE_WRONG"],
    ["that is old", () => received([SECRET], { time: new Date(Date.now() - 301_000) }), "TIMESTAMP_OUT_OF_TOLERANCE"],
    [
      "that is of the future",
      () => received([SECRET], { time: new Date(Date.now() + 310_000) }),
      "TIMESTAMP_OUT_OF_TOLERANCE",
    ],
    ["whose time is none", () => withHeader("webhook-timestamp", "now"), "TIMESTAMP_OUT_OF_TOLERANCE"],
    ["without a signature", () => withHeader("webhook-signature", undefined), "HEADERS_MISSING"],
    ["whose body is no JSON", () => received([SECRET], { body: "type=payment" }), "BODY_MALFORMED"],
  ];
  for (const [sentence, webhook, reason] of wrong) {
    it(`${sentence} is not believed`, async () => {
      const error = await verifyWebhook(webhook(), { secret: SECRET }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(WebhookError);
      expect(error).to.include({ reason });
    });
  }

  it("is verified with no secret that is none: an empty key would sign for everybody", async () => {
    for (const secret of ["", "whsec_", "secret", "whsec_@@"]) {
      const error = await verifyWebhook(genuine(), { secret }).catch((thrown: unknown) => thrown);
      expect(error, secret).to.be.instanceOf(TypeError);
    }
    const none = await verifyWebhook(genuine(), { secret: [] }).catch((thrown: unknown) => thrown);
    expect(none).to.include({ reason: "SIGNATURE_WRONG" });
  });

  function withHeader(name: string, value: string | undefined): ReceivedWebhook {
    const { body, headers } = genuine();
    return { body, headers: { ...headers, [name]: value } };
  }

  function signatureAs(version: string): string {
    const headers = genuine().headers as Record<string, string>;
    return (headers["webhook-signature"] ?? "").replace("v1,", version);
  }
});
