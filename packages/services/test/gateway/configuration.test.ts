import { expect } from "chai";
import { gatewayConfiguration } from "../../dist/gateway/configuration.js";
import { createDevelopmentKeys } from "../../dist/operator/development-token.js";
import { ConfigurationError, parseConfiguration } from "../../dist/platform/configuration.js";
import { ringText } from "../support/key-rings.js";
import { messageKeysText } from "../support/message-keys.js";

describe("the gateway's configuration", () => {
  it("needs its keys and who signs tokens, and has a default for the rest", async () => {
    const { jwks } = await createDevelopmentKeys();
    const key = ringText(Buffer.alloc(32));
    const needed = {
      PAYMENT_ID_KEYS: key,
      CARD_SEALING_KEYS: key,
      MESSAGE_KEYS: messageKeysText("gateway"),
      AUTH_JWKS: jwks,
      AUTH_ISSUER: "i",
      AUTH_AUDIENCE: "a",
    };
    expect(parseConfiguration(gatewayConfiguration, needed)).to.include({
      GRPC_PORT: 50_051,
      HTTP_PORT: 8_080,
      MAXIMUM_AMOUNT: 1_000_000_000n,
      PAYMENT_DEADLINE_SECONDS: 60,
    });
    expect(() => parseConfiguration(gatewayConfiguration, {}))
      .to.throw(ConfigurationError)
      .with.property("message")
      .that.matches(
        /PAYMENT_ID_KEYS[\s\S]*CARD_SEALING_KEYS[\s\S]*MESSAGE_KEYS[\s\S]*AUTH_JWKS[\s\S]*AUTH_ISSUER[\s\S]*AUTH_AUDIENCE/,
      );
  });

  it("refuses a key set that is none and an amount that sums could overflow on, and says how to do better", () => {
    const wrong = { AUTH_JWKS: '{"secret":"s3cret"}', MAXIMUM_AMOUNT: "9223372036854775807", MAXIMUM_AMOUNTS: "BGN=1" };
    expect(() => parseConfiguration(gatewayConfiguration, wrong))
      .to.throw(ConfigurationError)
      .with.property("message")
      .that.matches(/MAXIMUM_AMOUNT: /)
      .and.matches(/MAXIMUM_AMOUNTS: must be currencies of ISO 4217/)
      .and.matches(/AUTH_JWKS: must be a JSON Web Key Set, an https URL or a file/)
      .and.does.not.match(/s3cret/);
  });
});
