import { expect } from "chai";
import { notificationConfiguration, webhookTargetOf } from "../../dist/notification/configuration.js";
import { ConfigurationError, parseConfiguration } from "../../dist/platform/configuration.js";
import { messageKeysText } from "../support/message-keys.js";

const SECRET = `k1=whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const REQUIRED = {
  DATABASE_URL: "postgres://notification@127.0.0.1/quittance",
  MESSAGE_KEYS: messageKeysText("notification"),
};

function target(environment: NodeJS.ProcessEnv) {
  return webhookTargetOf(parseConfiguration(notificationConfiguration, { ...REQUIRED, ...environment }));
}

describe("The configuration of notification", () => {
  it("has no webhook and speaks English unless it is told otherwise", () => {
    expect(target({})).to.equal(undefined);
    expect(parseConfiguration(notificationConfiguration, REQUIRED).NOTIFICATION_LANGUAGE).to.equal("en");
  });

  it("takes an https receiver with its secret", () => {
    const found = target({ WEBHOOK_URL: "https://example.com/hook", WEBHOOK_SECRETS: SECRET });
    expect(found?.url.href).to.equal("https://example.com/hook");
    expect(found?.allowPrivate).to.equal(false);
  });

  const refused: [string, NodeJS.ProcessEnv, RegExp][] = [
    ["a receiver without a secret", { WEBHOOK_URL: "https://example.com/" }, /WEBHOOK_SECRETS/],
    ["plain HTTP", { WEBHOOK_URL: "http://example.com/", WEBHOOK_SECRETS: SECRET }, /https/],
    ["a loopback address", { WEBHOOK_URL: "https://127.0.0.1/", WEBHOOK_SECRETS: SECRET }, /private/],
    ["loopback written as one number", { WEBHOOK_URL: "https://2130706433/", WEBHOOK_SECRETS: SECRET }, /private/],
    ["an IPv6 loopback address", { WEBHOOK_URL: "https://[::1]/", WEBHOOK_SECRETS: SECRET }, /private/],
    ["another scheme", { WEBHOOK_URL: "file:///etc/passwd", WEBHOOK_SECRETS: SECRET }, /WEBHOOK_URL/],
    ["a password in the URL", { WEBHOOK_URL: "https://a:b@example.com/", WEBHOOK_SECRETS: SECRET }, /password/],
    ["a secret that is none", { WEBHOOK_URL: "https://example.com/", WEBHOOK_SECRETS: "k1=secret" }, /whsec_/],
    ["a language that is none", { NOTIFICATION_LANGUAGE: "English!" }, /NOTIFICATION_LANGUAGE/],
  ];
  for (const [what, environment, message] of refused) {
    it(`refuses ${what}`, () => expect(() => target(environment)).to.throw(ConfigurationError, message));
  }

  it("allows loopback and plain HTTP when told so", () => {
    const environment = { WEBHOOK_URL: "http://127.0.0.1:1/", WEBHOOK_SECRETS: SECRET, WEBHOOK_ALLOW_PRIVATE: "true" };
    expect(target(environment)?.allowPrivate).to.equal(true);
  });
});
