import { expect } from "chai";
import { type RecordedPayout, wrongWithPayout } from "./payout-check.js";
import type { AskedPayout } from "./request-book.js";

const asked: AskedPayout = {
  call: { merchantId: "m-0001", requestId: "r1-payout-0", currencyCode: "EUR", minorUnits: 250n },
  state: "accepted",
};
const paidOut: RecordedPayout = {
  ...{ requestId: "r1-payout-0", merchantId: "m-0001", currency: "EUR" },
  ...{ debits: 1, debited: "250", imbalance: "0", told: true, events: 1 },
};

describe("The campaign's check of a payout", () => {
  it("finds nothing wrong with one that was booked once and told as one event", () => {
    expect(wrongWithPayout(asked, paidOut)).to.deep.equal([]);
  });

  const BREACHES: readonly (readonly [string, Partial<RecordedPayout>])[] = [
    ["was booked twice", { debits: 2, debited: "500" }],
    ["is of another amount", { debited: "251" }],
    ["is of another merchant", { merchantId: "m-0002" }],
    ["is in another currency", { currency: "USD" }],
    ["has entries that do not balance", { imbalance: "-250" }],
    ["is told and is not booked", { merchantId: null, currency: null, debits: 0, debited: "0" }],
    ["is marked as told and is no event", { events: 0 }],
    ["is two events", { events: 2 }],
    ["is not marked as told", { told: false }],
  ];
  for (const [what, changes] of BREACHES) {
    it(`finds one that ${what}`, () => {
      expect(wrongWithPayout(asked, { ...paidOut, ...changes })).not.to.deep.equal([]);
    });
  }

  it("finds one that was accepted and is lost, and one that nobody answered", () => {
    expect(wrongWithPayout(asked, undefined)).to.deep.equal(["was accepted and is lost"]);
    expect(wrongWithPayout({ ...asked, state: "asked" }, undefined)).to.have.lengthOf(1);
  });

  it("lets one be booked or not whose caller left without an answer, and booked once when it is", () => {
    const abandoned: AskedPayout = { ...asked, state: "abandoned" };
    expect(wrongWithPayout(abandoned, undefined)).to.deep.equal([]);
    expect(wrongWithPayout(abandoned, paidOut)).to.deep.equal([]);
    expect(wrongWithPayout(abandoned, { ...paidOut, debits: 2, debited: "500" })).not.to.deep.equal([]);
  });
});
