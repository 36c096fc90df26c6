import { expect } from "chai";
import type { Told } from "./merchant.js";
import { type AskedPayment, RequestBook } from "./request-book.js";

function askedPayment(): AskedPayment {
  return {
    call: {
      ...{ merchantId: "m-0001", requestId: "r", description: "", clientReference: "", metadata: {} },
      card: { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" },
      amount: { currencyCode: "EUR", minorUnits: 1n },
    },
    ...{ kind: "good card", round: 1, verdicts: ["SUCCEEDED"], id: undefined, final: undefined, calls: 0 },
  };
}

const told = (state: string, changes: Partial<Told> = {}): Told => ({
  ...{ kind: "told", id: "pay_a", state, reason: undefined },
  ...changes,
});

describe("The book of requests", () => {
  it("takes the same answer again, ACCEPTED at any time, PENDING from a call that was made before the end was told, and REFUNDED after SUCCEEDED", () => {
    const book = new RequestBook();
    const asked = askedPayment();
    for (const state of ["PENDING", "SUCCEEDED", "SUCCEEDED", "PENDING", "ACCEPTED", "REFUNDED"])
      book.told(asked, told(state));
    expect(book.takeViolations()).to.deep.equal([]);
    expect(asked.final?.state).to.equal("SUCCEEDED");
    expect(book.succeeded).to.deep.equal([asked]);
  });

  it("calls it a violation when a call that was made after the end was told is told PENDING", () => {
    const book = new RequestBook();
    const asked = askedPayment();
    book.told(asked, told("SUCCEEDED"));
    book.told(asked, told("ACCEPTED"), asked.final);
    expect(book.takeViolations()).to.deep.equal([]);
    book.told(asked, told("PENDING"), asked.final);
    expect(book.takeViolations().map(({ what }) => what)).to.deep.equal([
      "r was told SUCCEEDED, and a later call PENDING",
    ]);
  });

  it("calls it a violation, once, when an answer contradicts an earlier one", () => {
    const contradictions = [told("DECLINED", { reason: "INSUFFICIENT_FUNDS" }), told("SUCCEEDED", { id: "pay_b" })];
    for (const answer of contradictions) {
      const book = new RequestBook();
      const asked = askedPayment();
      book.told(asked, told("SUCCEEDED"));
      book.told(asked, answer);
      expect(book.takeViolations()).to.have.lengthOf(1);
      expect(book.takeViolations()).to.deep.equal([]);
    }
  });
});
