import { createHmac, createSecretKey } from "node:crypto";
import { expect } from "chai";
import { hashParameters, hashRefundParameters } from "../../dist/gateway/parameters-hash.js";
import type { PaymentOrder } from "../../dist/gateway/payment-order.js";

const KEY = createSecretKey(Buffer.alloc(32, 7));
const ORDER: PaymentOrder = {
  requestId: "order-1",
  card: { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada" },
  amount: { currencyCode: "EUR", minorUnits: 1250n },
  description: "tea",
  capture: "automatic",
  waitMs: 5_000,
};

/** As the releases before this one made it. */
function hashOf(parts: readonly string[]): string {
  const canonical = parts.map((part) => `${part.length}:${part}`).join("");
  return createHmac("sha256", KEY).update(canonical).digest("base64url");
}

describe("the hash of a payment's parameters", () => {
  it("is 43 characters of base64url and does not change", () => {
    expect(hashParameters(KEY, ORDER)).to.match(/^[A-Za-z0-9_-]{43}$/);
    expect(hashParameters(KEY, { ...ORDER })).to.equal(hashParameters(KEY, ORDER));
  });

  it("differs when anything that the caller chose differs", () => {
    const others: PaymentOrder[] = [
      { ...ORDER, amount: { currencyCode: "USD", minorUnits: 1250n } },
      { ...ORDER, amount: { currencyCode: "EUR", minorUnits: 1251n } },
      { ...ORDER, description: "Tea" },
      { ...ORDER, capture: "manual" },
      { ...ORDER, card: { ...ORDER.card, number: "4012888888881881" } },
      { ...ORDER, card: { ...ORDER.card, expiryMonth: 11 } },
      { ...ORDER, card: { ...ORDER.card, expiryYear: 2031 } },
      { ...ORDER, card: { ...ORDER.card, holderName: "Ad" }, description: "atea" },
      { ...ORDER, clientReference: "order-17" },
      { ...ORDER, clientReference: "metadata" },
      { ...ORDER, metadata: { basket: "17" } },
      { ...ORDER, metadata: { basket: "1", "7": "x" } },
      { ...ORDER, metadata: { basket: "17", shop: "north" } },
      { ...ORDER, clientReference: "order-17", metadata: { basket: "17" } },
    ];
    const hashes = new Set([ORDER, ...others].map((order) => hashParameters(KEY, order)));
    expect(hashes.size).to.equal(others.length + 1);
  });

  it("of a request without data of the merchant's is that of the releases that had none", () => {
    const { card, amount, description } = ORDER;
    const parts = [amount.currencyCode, "1250", card.number, "12", "2030", card.holderName, description];
    expect(hashParameters(KEY, ORDER)).to.equal(hashOf(parts));
    const refund = { requestId: "refund-1", paymentId: "pay_1", amount, waitMs: 0 };
    expect(hashRefundParameters(KEY, refund)).to.equal(hashOf(["refund", "pay_1", "EUR", "1250"]));
    const rest = { ...refund, amount: undefined };
    expect(hashRefundParameters(KEY, rest)).to.equal(hashOf(["refund", "pay_1"]));
    expect(hashRefundParameters(KEY, { ...rest, clientReference: "x" })).not.to.equal(hashOf(["refund", "pay_1"]));
  });

  it("does not depend on the order in which metadata is written", () => {
    const one = { ...ORDER, metadata: { basket: "17", "2": "two", shop: "north" } };
    const other = { ...ORDER, metadata: { shop: "north", "2": "two", basket: "17" } };
    expect(hashParameters(KEY, one)).to.equal(hashParameters(KEY, other));
  });

  it("does not depend on how long the caller waits, and depends on the key", () => {
    expect(hashParameters(KEY, { ...ORDER, waitMs: 0 })).to.equal(hashParameters(KEY, ORDER));
    expect(hashParameters(createSecretKey(Buffer.alloc(32)), ORDER)).not.to.equal(hashParameters(KEY, ORDER));
  });
});
