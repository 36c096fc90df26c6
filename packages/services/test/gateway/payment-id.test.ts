import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { expect } from "chai";
import { belongsToMerchant, derivePaymentId } from "../../dist/gateway/payment-id.js";

const KEY = createSecretKey(randomBytes(32));
const HASH = "h".repeat(43);

/** The id of a merchant's payment, of one set of parameters unless others are given. */
function idOf(merchantId: string, requestId: string, parametersHash = HASH, key = KEY): string {
  return derivePaymentId(key, { merchantId, requestId, parametersHash });
}

describe("payment ids", () => {
  it("are the same for the same merchant, request_id and parameters, and differ for any other", () => {
    const id = idOf("m-1", "order-1");
    expect(id).to.match(/^pay_[a-z2-7]{32}$/);
    expect(idOf("m-1", "order-1")).to.equal(id);
    expect(idOf("m-1", "order-2")).not.to.equal(id);
    expect(idOf("m-2", "order-1")).not.to.equal(id);
    expect(idOf("m-1", "order-1", "i".repeat(43))).not.to.equal(id);
    expect(idOf("m-1", "order-1", HASH, createSecretKey(Buffer.alloc(32)))).not.to.equal(id);
  });

  it("keep merchant, parameters and request_id apart, wherever the border between them falls", () => {
    expect(idOf("m-1", "23")).not.to.equal(idOf("m-12", "3"));
    expect(idOf("m-1", "order", `${"h".repeat(42)}i`)).not.to.equal(idOf("m-1", "iorder", "h".repeat(43)));
  });

  it("are the base32 of an HMAC and its tag, as the design has them", () => {
    const hmac = (rest: Uint8Array | string) => createHmac("sha256", KEY).update("3:m-1").update(rest).digest();
    const name = hmac(`${HASH}order-1`).subarray(0, 15);
    const bytes = [...name, ...hmac(name).subarray(0, 5)];
    const bits = bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const letters = bits.match(/.{5}/g)?.map((five) => "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(five, 2)]);
    expect(idOf("m-1", "order-1")).to.equal(`pay_${letters?.join("")}`);
  });

  it("belong to the merchant they were made for and to no other", () => {
    for (let index = 0; index < 100; index++) {
      const id = idOf("m-1", `order-${index}`);
      expect(belongsToMerchant(KEY, "m-1", id)).to.equal(true);
      expect(belongsToMerchant(KEY, "m-2", id)).to.equal(false);
    }
  });

  it("belong to nobody when a letter was changed, or when they are of another form", () => {
    const id = idOf("m-1", "order-1");
    for (const position of [4, 20, 35]) {
      const other = id[position] === "a" ? "b" : "a";
      expect(belongsToMerchant(KEY, "m-1", id.slice(0, position) + other + id.slice(position + 1))).to.equal(false);
    }
    for (const wrong of ["", "pay_", id.toUpperCase(), `${id}a`, id.slice(0, -1), `pay-${id.slice(4)}`, ` ${id}`]) {
      expect(belongsToMerchant(KEY, "m-1", wrong), wrong).to.equal(false);
    }
  });
});
