import { createHmac } from "node:crypto";
import { expect } from "chai";
import { signWebhook, webhookSecret } from "../../../dist/notification/webhook/sign-webhook.js";

describe("signWebhook", () => {
  it("makes the signature that the specification's own libraries make", () => {
    // The example of the Standard Webhooks reference implementations' tests.
    const secret = webhookSecret.parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    const headers = signWebhook({
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      timeMs: 1614265330_000,
      payload: '{"test": 2432232314}',
      secrets: [secret],
    });
    expect(headers).to.deep.equal({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("signs bytes, so that text outside ASCII verifies", () => {
    const secret = new Uint8Array(32).fill(7);
    const payload = '{"subject":"Paiement de 12,50 € accepté"}';
    const headers = signWebhook({ id: "a", timeMs: 1_999, payload, secrets: [secret] });
    const bytes = Buffer.concat([Buffer.from("a.1."), Buffer.from(payload, "utf8")]);
    expect(headers["webhook-signature"]).to.equal(`v1,${createHmac("sha256", secret).update(bytes).digest("base64")}`);
  });

  it("signs with each secret, so that a receiver may have either while one takes the place of another", () => {
    const secrets = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
    const headers = signWebhook({ id: "a", timeMs: 1_999, payload: "{}", secrets });
    const expected = secrets.map((secret) => `v1,${createHmac("sha256", secret).update("a.1.{}").digest("base64")}`);
    expect(headers["webhook-signature"]).to.equal(expected.join(" "));
  });

  for (const [text, why] of [
    ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "no prefix"],
    ["whsec_", "nothing behind the prefix"],
    ["whsec_c2hvcnQ=", "fewer than 24 bytes"],
    [`whsec_${Buffer.alloc(65).toString("base64")}`, "more than 64 bytes"],
    ["whsec_not base64!", "no base64"],
  ] as const) {
    it(`refuses a secret with ${why}`, () => {
      expect(webhookSecret.safeParse(text).success).to.equal(false);
    });
  }
});
