import { createHmac, createSecretKey } from "node:crypto";
import { expect } from "chai";
import { hmacSha256 } from "../../dist/platform/hmac.js";

describe("hmacSha256", () => {
  it("gives the values of RFC 4231", () => {
    const hex = (key: Uint8Array, text: string) => Buffer.from(hmacSha256(key, text), "base64url").toString("hex");
    expect(hex(Buffer.alloc(20, 0x0b), "Hi There")).to.equal(
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
    expect(hex(Buffer.from("Jefe"), "what do ya want for nothing?")).to.equal(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
    expect(hex(Buffer.alloc(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First")).to.equal(
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );
  });

  const texts: [string, string][] = [
    ["an empty text", ""],
    ["ASCII", '{"a":1}'],
    ["Latin-1", "café"],
    ["characters beyond", "€ 日本 😀"],
    ["half a surrogate pair", "a\ud800b"],
    ["a text that fills the workspace", "x".repeat(43_669)],
    ["one that is longer by a character", "x".repeat(43_670)],
    ["a long text of three bytes a character", "€".repeat(100_000)],
  ];
  for (const [what, text] of texts) {
    it(`gives what node:crypto gives for ${what}, whichever key was used before`, () => {
      for (const fill of [1, 2, 1]) {
        const key = createSecretKey(Buffer.alloc(32, fill));
        const expected = createHmac("sha256", key).update(text).digest("base64url");
        expect(hmacSha256(key, text)).to.equal(expected);
        expect(hmacSha256(Buffer.alloc(32, fill), text)).to.equal(expected);
      }
    });
  }
});
