import { createSecretKey } from "node:crypto";
import { expect } from "chai";
import { hashParameters } from "../../dist/gateway/parameters-hash.js";
import type { PaymentOrder } from "../../dist/gateway/payment-order.js";

const KEY = createSecretKey(Buffer.alloc(32, 7));
const ORDER: PaymentOrder = {
  requestId: "order-1",
  card: { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada" },
  amount: { currencyCode: "EUR", minorUnits: 1250n },
  description: "tea",
  waitMs: 5_000,
};

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
      { ...ORDER, card: { ...ORDER.card, number: "4012888888881881" } },
      { ...ORDER, card: { ...ORDER.card, expiryMonth: 11 } },
      { ...ORDER, card: { ...ORDER.card, expiryYear: 2031 } },
      { ...ORDER, card: { ...ORDER.card, holderName: "Ad" }, description: "atea" },
    ];
    const hashes = new Set([ORDER, ...others].map((order) => hashParameters(KEY, order)));
    expect(hashes.size).to.equal(others.length + 1);
  });

  it("does not depend on how long the caller waits, and depends on the key", () => {
    expect(hashParameters(KEY, { ...ORDER, waitMs: 0 })).to.equal(hashParameters(KEY, ORDER));
    expect(hashParameters(createSecretKey(Buffer.alloc(32)), ORDER)).not.to.equal(hashParameters(KEY, ORDER));
  });
});
