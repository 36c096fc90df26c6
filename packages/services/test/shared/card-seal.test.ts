import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { CompactEncrypt, compactDecrypt } from "jose";
import { openCard, sealCard } from "../../dist/shared/card-seal.js";

const CARD = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Łovelace" };
const KEY = new Uint8Array(randomBytes(32));

describe("a sealed card", () => {
  it("opens with its key, and is another text each time", async () => {
    const [one, other] = [await sealCard(CARD, KEY), await sealCard(CARD, KEY)];
    expect(one).not.to.equal(other);
    expect(await openCard(one, KEY)).to.deep.equal(CARD);
    expect(await openCard(other, KEY)).to.deep.equal(CARD);
  });

  it("is a JWE that jose opens, and jose's is one that opens here", async () => {
    const { plaintext, protectedHeader } = await compactDecrypt(await sealCard(CARD, KEY), KEY);
    expect(protectedHeader).to.deep.equal({ alg: "dir", enc: "A256GCM" });
    expect(JSON.parse(new TextDecoder().decode(plaintext))).to.deep.equal(CARD);
    const byJose = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(CARD)))
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .encrypt(KEY);
    expect(await openCard(byJose, KEY)).to.deep.equal(CARD);
  });

  it("does not open with another key, nor when any part was changed or left out", async () => {
    const sealed = await sealCard(CARD, KEY);
    const parts = sealed.split(".");
    const changed = [0, 2, 3, 4].map((index) =>
      parts.map((part, at) => (at === index ? `${part.startsWith("A") ? "B" : "A"}${part.slice(1)}` : part)).join("."),
    );
    const shortTag = [...parts.slice(0, 4), parts[4]?.slice(0, 6)].join(".");
    for (const wrong of [...changed, shortTag, parts.slice(0, 4).join("."), `${sealed}.x`, "", "....", "a.b.c.d.e"]) {
      expect(await failureOf(openCard(wrong, KEY)), wrong).to.be.instanceOf(Error);
    }
    expect(await failureOf(openCard(sealed, new Uint8Array(randomBytes(32))))).to.be.instanceOf(Error);
  });

  it("that holds something else is refused without a word of it", async () => {
    for (const content of [JSON.stringify({ ...CARD, number: "4242-4242" }), '{"number":4242424242424242', "[]"]) {
      const sealed = await new CompactEncrypt(new TextEncoder().encode(content))
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .encrypt(KEY);
      const failure = await failureOf(openCard(sealed, KEY));
      expect(failure.message).to.equal("The sealed content is not a card.");
      expect(failure.cause).to.equal(undefined);
    }
  });
});

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail("it opened"),
    (error: Error) => error,
  );
}
