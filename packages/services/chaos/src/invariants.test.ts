import { expect } from "chai";
import { type RecordedPayment, type RecordedRefund, wrongWithPayment, wrongWithRefund } from "./invariants.js";
import type { AskedPayment, AskedRefund } from "./request-book.js";

const SUCCEEDED = { kind: "told", id: "pay_a", state: "SUCCEEDED", reason: undefined } as const;

const asked: AskedPayment = {
  call: {
    merchantId: "m-0001",
    requestId: "r1-0-0",
    card: { number: "4242424242424242", expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" },
    amount: { currencyCode: "EUR", minorUnits: 250n },
    description: "",
    clientReference: "",
    metadata: {},
  },
  ...{ kind: "good card", round: 1, verdicts: ["SUCCEEDED", "DEADLINE_PASSED"] },
  ...{ id: "pay_a", final: SUCCEEDED, calls: 1 },
};

const paid: RecordedPayment = {
  ...{ id: "pay_a", merchantId: "m-0001", requestId: "r1-0-0", currency: "EUR", amount: "250" },
  ...{ state: "SUCCEEDED", reason: null, standingId: null },
  ...{ captures: 1, captured: "250", returns: 0, returned: "0", credits: 1, credited: "250" },
};

const declined: Partial<RecordedPayment> = {
  ...{ state: "DECLINED", reason: "DEADLINE_PASSED" },
  ...{ captures: 0, captured: "0", credits: 0, credited: "0" },
};

describe("The campaign's check of a payment", () => {
  it("finds nothing wrong with one that was taken once and credited once, refunded later or not", () => {
    expect(wrongWithPayment(asked, [paid])).to.deep.equal([]);
    expect(wrongWithPayment(asked, [{ ...paid, state: "REFUNDED" }])).to.deep.equal([]);
  });

  it("finds nothing wrong with one that was declined before or after its capture", () => {
    const unknown = { ...asked, final: undefined };
    expect(wrongWithPayment(unknown, [{ ...paid, ...declined }])).to.deep.equal([]);
    const givenBack = { captures: 1, captured: "250", returns: 1, returned: "250" };
    expect(wrongWithPayment(unknown, [{ ...paid, ...declined, ...givenBack }])).to.deep.equal([]);
  });

  const BREACHES: readonly (readonly [string, Partial<RecordedPayment>])[] = [
    ["was debited twice", { captures: 2, captured: "500" }],
    ["was debited another amount", { captured: "251" }],
    ["was credited without a debit", { captures: 0, captured: "0" }],
    ["was debited and not credited", { credits: 0, credited: "0" }],
    ["was credited twice", { credits: 2, credited: "500" }],
    ["was reversed although it succeeded", { returns: 1, returned: "250" }],
    ["was declined and not reversed", { ...declined, captures: 1, captured: "250" }],
    ["is of another amount", { amount: "251", captured: "251", credited: "251" }],
    ["is of another merchant", { merchantId: "m-0002" }],
    ["has another id than its caller was told", { id: "pay_b" }],
    ["ended otherwise than its caller was told", declined],
    ["ended as it never may", { ...declined, reason: "CARD_EXPIRED" }],
  ];
  for (const [what, changes] of BREACHES) {
    it(`finds one that ${what}`, () => {
      expect(wrongWithPayment(asked, [{ ...paid, ...changes }])).not.to.deep.equal([]);
    });
  }

  it("lets a rival be declined as such and as nothing else, lost only when it reached nobody", () => {
    const rival = { ...asked, verdicts: ["REQUEST_ID_REUSED"], id: undefined, final: undefined };
    const row = { ...paid, ...declined, id: "pay_r", reason: "REQUEST_ID_REUSED", standingId: "pay_a" };
    expect(wrongWithPayment(rival, [])).to.deep.equal([]);
    expect(wrongWithPayment({ ...rival, id: "pay_r" }, [row])).to.deep.equal([]);
    expect(wrongWithPayment({ ...rival, id: "pay_r" }, [])).to.deep.equal(["was accepted and is lost"]);
    expect(wrongWithPayment({ ...rival, id: "pay_x" }, [row])).not.to.deep.equal([]);
    expect(wrongWithPayment({ ...rival, id: "pay_r" }, [{ ...row, reason: "CARD_EXPIRED" }])).not.to.deep.equal([]);
  });

  it("lets one whose caller left without an answer be recorded or not, and move its money once when it is", () => {
    const abandoned = { ...asked, id: undefined, final: undefined, abandoned: true };
    expect(wrongWithPayment(abandoned, [])).to.deep.equal([]);
    expect(wrongWithPayment(abandoned, [paid])).to.deep.equal([]);
    expect(wrongWithPayment(abandoned, [{ ...paid, captures: 2, captured: "500" }])).not.to.deep.equal([]);
  });

  it("lets a rival be recorded whose answer was lost", () => {
    const rival = { ...asked, verdicts: ["REQUEST_ID_REUSED"], id: undefined, final: undefined };
    const row = { ...paid, ...declined, id: "pay_r", reason: "REQUEST_ID_REUSED", standingId: "pay_a" };
    expect(wrongWithPayment(rival, [row])).to.deep.equal([]);
  });

  it("finds one that is lost, and one that is recorded twice", () => {
    expect(wrongWithPayment(asked, [])).to.deep.equal(["was accepted and is lost"]);
    expect(wrongWithPayment(asked, [paid, { ...paid, id: "pay_b" }])).to.have.lengthOf(1);
  });
});

describe("The campaign's check of a refund", () => {
  const refund: AskedRefund = {
    call: {
      merchantId: "m-0001",
      requestId: "f",
      paymentId: "pay_a",
      amount: { currencyCode: "EUR", minorUnits: 100n },
    },
    ...{ kind: "refund", round: 1, id: "ref_a", final: { ...SUCCEEDED, id: "ref_a" }, calls: 1 },
  };
  const refunded: RecordedRefund = {
    ...{ id: "ref_a", paymentId: "pay_a", requestId: "f", amount: "100", state: "SUCCEEDED", reason: null },
    standingId: null,
    ...{ credits: 1, credited: "100", debits: 1, debited: "100" },
  };

  it("finds nothing wrong with one that was debited once and credited once", () => {
    expect(wrongWithRefund(refund, [refunded])).to.deep.equal([]);
  });

  it("lets one whose caller left without an answer be recorded or not, and finds another id than was told", () => {
    const abandoned = { ...refund, id: undefined, final: undefined, abandoned: true };
    expect(wrongWithRefund(abandoned, [])).to.deep.equal([]);
    expect(wrongWithRefund(abandoned, [refunded])).to.deep.equal([]);
    expect(wrongWithRefund(refund, [{ ...refunded, id: "ref_b" }])).not.to.deep.equal([]);
  });

  const BREACHES: readonly (readonly [string, Partial<RecordedRefund>])[] = [
    ["was credited twice", { credits: 2, credited: "200" }],
    ["was debited and not credited", { credits: 0, credited: "0" }],
    ["refunded another amount", { amount: "101", credited: "101", debited: "101" }],
    ["is of another payment", { paymentId: "pay_b" }],
    ["was declined although its caller was told otherwise", { state: "DECLINED", reason: "AMOUNT_TOO_HIGH" }],
  ];
  for (const [what, changes] of BREACHES) {
    it(`finds one that ${what}`, () => {
      expect(wrongWithRefund(refund, [{ ...refunded, ...changes }])).not.to.deep.equal([]);
    });
  }
});
