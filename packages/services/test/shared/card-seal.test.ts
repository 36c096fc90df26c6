import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import { ForeignSealError, OtherKeyError, openCard, sealCard } from "../../dist/shared/card-seal.js";
import { messageDigest } from "../../dist/shared/message-digest.js";

const CARD = { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Łovelace" };
const KEY = new Uint8Array(randomBytes(32));
const KEYS = [{ bytes: KEY }];
const MESSAGE = {
  version: 1,
  paymentId: "pay_abcdefghijklmnopqrstuvwxyz234567",
  requestId: "order-1",
  merchantId: "m-0001",
  parametersHash: "h".repeat(43),
  amount: { currencyCode: "EUR", minorUnits: "1250" },
  description: "Zwei Bücher",
  acceptTime: "2026-05-15T10:00:00.000Z",
  deadline: "2026-05-15T10:01:00.000Z",
};

/** Seals anything with jose, under a header that fits. */
async function sealedByJose(content: string): Promise<string> {
  const header = decodeProtectedHeader(await sealCard(CARD, KEY, MESSAGE));
  return new CompactEncrypt(new TextEncoder().encode(content))
    .setProtectedHeader(header as { alg: string; enc: string })
    .encrypt(KEY);
}

describe("a sealed card", () => {
  it("opens with whichever of the keys sealed it, and with no other", async () => {
    const other = { bytes: new Uint8Array(randomBytes(32)) };
    const sealed = await sealCard(CARD, KEY, MESSAGE);
    expect(await openCard(sealed, [other, ...KEYS], MESSAGE)).to.deep.equal(CARD);
    expect(await failureOf(openCard(sealed, [other], MESSAGE))).to.be.instanceOf(OtherKeyError);
  });

  it("opens with its key in its message, and is another text each time", async () => {
    const [one, other] = [await sealCard(CARD, KEY, MESSAGE), await sealCard(CARD, KEY, MESSAGE)];
    expect(one).not.to.equal(other);
    expect(await openCard(one, KEYS, MESSAGE)).to.deep.equal(CARD);
    expect(await openCard(other, KEYS, { ...MESSAGE, sealedCard: other })).to.deep.equal(CARD);
  });

  it("is a JWE that jose opens, and jose's is one that opens here", async () => {
    const { plaintext, protectedHeader } = await compactDecrypt(await sealCard(CARD, KEY, MESSAGE), KEY);
    expect(protectedHeader).to.include({ alg: "dir", enc: "A256GCM", message: messageDigest(MESSAGE) });
    expect(protectedHeader.kid).to.match(/^[\w-]{11}$/);
    expect(JSON.parse(new TextDecoder().decode(plaintext))).to.deep.equal(CARD);
    expect(await openCard(await sealedByJose(JSON.stringify(CARD)), KEYS, MESSAGE)).to.deep.equal(CARD);
  });

  it("does not open with another key, nor when any part was changed or left out", async () => {
    const sealed = await sealCard(CARD, KEY, MESSAGE);
    const parts = sealed.split(".");
    const changed = [0, 2, 3, 4].map((index) =>
      parts.map((part, at) => (at === index ? `${part.startsWith("A") ? "B" : "A"}${part.slice(1)}` : part)).join("."),
    );
    const shortTag = [...parts.slice(0, 4), parts[4]?.slice(0, 6)].join(".");
    for (const wrong of [...changed, shortTag, parts.slice(0, 4).join("."), `${sealed}.x`, "", "....", "a.b.c.d.e"]) {
      expect(await failureOf(openCard(wrong, KEYS, MESSAGE)), wrong).to.be.instanceOf(Error);
    }
    expect(await failureOf(openCard(sealed, [{ bytes: new Uint8Array(randomBytes(32)) }], MESSAGE))).to.be.instanceOf(
      Error,
    );
  });

  it("does not open in a message with any field changed, taken away or added", async () => {
    const sealed = await sealCard(CARD, KEY, MESSAGE);
    const copies = changesOf(MESSAGE);
    expect(copies.length).to.be.greaterThan(2 * Object.keys(MESSAGE).length);
    for (const copy of copies) {
      const failure = await failureOf(openCard(sealed, KEYS, copy));
      expect(failure, JSON.stringify(copy)).to.be.instanceOf(ForeignSealError);
    }
  });

  it("does not open where the header was made to fit another message", async () => {
    const copy = { ...MESSAGE, amount: { currencyCode: "EUR", minorUnits: "77700" } };
    const [header = "", ...rest] = (await sealCard(CARD, KEY, MESSAGE)).split(".");
    const forged = { ...JSON.parse(Buffer.from(header, "base64url").toString()), message: messageDigest(copy) };
    const sealed = [Buffer.from(JSON.stringify(forged)).toString("base64url"), ...rest].join(".");
    expect((await failureOf(openCard(sealed, KEYS, copy))).message).to.match(/cannot be opened/);
  });

  it("fits its message in whatever order the fields come", async () => {
    const sealed = await sealCard(CARD, KEY, MESSAGE);
    const reversed = Object.fromEntries(
      Object.entries({ ...MESSAGE, amount: { minorUnits: "1250", currencyCode: "EUR" } }).reverse(),
    );
    expect(await openCard(sealed, KEYS, reversed)).to.deep.equal(CARD);
  });

  it("that holds something else is refused, and none of it is shown", async () => {
    for (const content of [JSON.stringify({ ...CARD, number: "4242-4242" }), '{"number":4242424242424242', "[]"]) {
      const failure = await failureOf(openCard(await sealedByJose(content), KEYS, MESSAGE));
      expect(failure.message).to.equal("The sealed content is not a card.");
      expect(failure.cause).to.equal(undefined);
    }
  });
});

/** Every message that differs in one field, at any depth: another value, another type, gone, or one more. */
function changesOf(message: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  const changes: Record<string, unknown>[] = [{ ...message, added: null }];
  for (const [name, value] of Object.entries(message)) {
    const { [name]: _gone, ...without } = message;
    changes.push(without, { ...message, [name]: [value] });
    if (typeof value === "object" && value !== null) {
      for (const inner of changesOf(value as Record<string, unknown>)) changes.push({ ...message, [name]: inner });
    } else {
      changes.push({ ...message, [name]: `${value}1` }, { ...message, [name]: null });
    }
  }
  return changes;
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail("it opened"),
    (error: Error) => error,
  );
}
