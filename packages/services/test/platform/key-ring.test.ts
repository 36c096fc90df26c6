import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { cardValidationConfiguration } from "../../dist/card-validation/configuration.js";
import { ConfigurationError, parseConfiguration } from "../../dist/platform/configuration.js";
import { keyRing, newKeyId } from "../../dist/platform/key-ring.js";
import { messageKeysText } from "../support/message-keys.js";

const [ONE, OTHER] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];

describe("A list of keys", () => {
  it("has its keys in the order given, the first one first", () => {
    const ring = keyRing().parse(` 2026a=${ONE}, 2026b=${OTHER},`);
    expect(ring.first.id).to.equal("2026a");
    expect(ring.all.map(({ id, bytes }) => [id, Buffer.from(bytes).toString("base64")])).to.deep.equal([
      ["2026a", ONE],
      ["2026b", OTHER],
    ]);
  });

  const five = ["a", "b", "c", "d", "e"].map((id) => `${id}=${randomBytes(32).toString("base64")}`).join(",");
  const refused: [what: string, text: string, why: RegExp][] = [
    ["no key", " , ", /has no key/],
    ["a key without an id", ONE, /key 1 without an id/],
    ["a key with an empty id", `a=${OTHER},=${ONE}`, /key 2 without an id/],
    ["an id with another character", `a b=${ONE}`, /key 1 without an id/],
    ["a key of another length", `a=${ONE.slice(4)}`, /key a that must be 32 bytes/],
    ["an id twice", `a=${ONE},a=${OTHER}`, /id a twice/],
    ["a key twice", `a=${ONE},b=${ONE}`, /key b twice/],
    ["more than four keys", five, /more than 4 keys/],
  ];
  for (const [what, text, why] of refused) {
    it(`is refused with ${what}, and no key is repeated`, () => {
      const { error } = keyRing().safeParse(text);
      expect(error?.issues[0]?.message).to.match(why);
      for (const key of [ONE, OTHER, ONE.slice(4)]) expect(error?.issues[0]?.message).not.to.contain(key);
    });
  }

  it("takes the place of a single key, whose variable is refused with the name of the new one", () => {
    const needed = { CARD_SEALING_KEYS: `a=${ONE}`, MESSAGE_KEYS: messageKeysText("card-validation") };
    const parse = (environment: NodeJS.ProcessEnv) => () =>
      parseConfiguration(cardValidationConfiguration, { ...needed, ...environment });
    for (const former of ["CARD_FINGERPRINT_KEY", "CARD_FINGERPRINT_KEY_FILE"]) {
      expect(parse({ [former]: OTHER }))
        .to.throw(ConfigurationError, /CARD_FINGERPRINT_KEY is CARD_FINGERPRINT_KEYS now/)
        .with.property("message")
        .that.does.not.match(/not set/);
    }
    // Not even beside the new one: whoever set it expects it to count.
    expect(parse({ CARD_FINGERPRINT_KEYS: `a=${OTHER}`, CARD_SEALING_KEY: ONE })).to.throw(
      ConfigurationError,
      /CARD_SEALING_KEY is CARD_SEALING_KEYS now/,
    );
  });

  it("gets new ids that tell their day", () => {
    const time = new Date("2026-04-12T23:59:59.000Z");
    expect(newKeyId(time)).to.equal("20260412");
    expect(newKeyId(time, ["20260412", "20260412b"])).to.equal("20260412c");
  });
});
