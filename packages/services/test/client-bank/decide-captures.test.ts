import { expect } from "chai";
import { decideCaptures } from "../../dist/client-bank/decide-captures.js";
import type { LockedClient } from "../../dist/client-bank/operations/lock-clients.js";
import type { DeclineReason } from "../../dist/shared/decline.js";
import type { ValidationResultMessage } from "../../dist/shared/messages.js";
import { someClient, validationResult } from "../operator/banks-for-tests.js";

const DEADLINE = "2030-01-01T00:00:00.000Z";
const good = validationResult(someClient(0), { deadline: DEADLINE });
const holder: LockedClient = {
  id: "c-1",
  formerCardFingerprint: null,
  cardFingerprint: good.card.fingerprint,
  cardExpiryMonth: good.card.expiryMonth,
  cardExpiryYear: good.card.expiryYear,
  currency: "EUR",
  balance: 1_000n,
  held: 0n,
  state: "open",
  wrongExpiries: 0,
  wrongExpiriesSince: null,
};

function decide(
  options: { message?: Partial<ValidationResultMessage>; client?: Partial<LockedClient>; now?: number } = {},
) {
  const [decision] = decideCaptures([{ ...good, ...options.message }], {
    clients: [{ ...holder, ...options.client }],
    recorded: [],
    now: options.now ?? Date.parse(DEADLINE),
  });
  if (decision?.outcome !== "recorded") throw new Error("It was not recorded.");
  return decision.payment;
}

describe("The decision of step 3", () => {
  it("captures the last unit, at the last moment before the deadline", () => {
    expect(decide()).to.include({
      declineReason: null,
      capturedAmount: 1_000n,
      clientId: "c-1",
      captureTime: DEADLINE,
    });
  });

  const DECLINES: [string, DeclineReason, Parameters<typeof decide>[0]][] = [
    ["a card that nobody has", "CARD_UNKNOWN", { client: { cardFingerprint: "f".repeat(43) } }],
    ["another expiry month than the card's", "EXPIRY_MISMATCH", { client: { cardExpiryMonth: 13 } }],
    ["another expiry year than the card's", "EXPIRY_MISMATCH", { client: { cardExpiryYear: 2_000 } }],
    ["a closed account", "ACCOUNT_CLOSED", { client: { state: "closed" } }],
    ["another currency than the account's", "CURRENCY_NOT_SUPPORTED", { client: { currency: "USD" } }],
    ["a moment after the deadline", "DEADLINE_PASSED", { now: Date.parse(DEADLINE) + 1 }],
    ["one unit too little", "INSUFFICIENT_FUNDS", { client: { balance: 999n } }],
    ["a verdict that it came with", "INVALID_CARD_NUMBER", { message: { declineReason: "INVALID_CARD_NUMBER" } }],
  ];
  for (const [what, reason, options] of DECLINES) {
    it(`declines for ${what} with ${reason}, and captures nothing`, () => {
      expect(decide(options)).to.include({ state: "PENDING", declineReason: reason, capturedAmount: 0n });
    });
  }

  it("does not judge the deadline of what was recorded before it", () => {
    const recorded = decide();
    const decisions = decideCaptures([good], {
      clients: [holder],
      recorded: [recorded],
      now: Date.parse(DEADLINE) + 1_000_000,
    });
    expect(decisions).to.deep.equal([{ outcome: "recorded", payment: recorded, isNew: false }]);
  });

  describe("of a request under another id", () => {
    const recorded = decide();
    const other = { ...good, paymentId: `pay_${"o".repeat(32)}`, parametersHash: "o".repeat(43) };
    const decideOther = (message: Partial<ValidationResultMessage>, client: Partial<LockedClient> = {}) =>
      decideCaptures([{ ...other, ...message }], {
        clients: [{ ...holder, ...client }],
        recorded: [recorded],
        now: Date.parse(DEADLINE),
      })[0];

    it("is what stands, when the message names its id as one under another key, whatever else is known", () => {
      const card = { ...good.card, fingerprint: "x".repeat(43), holder: "x".repeat(12) };
      const decision = decideOther({ card, alternateIds: [`pay_${"z".repeat(32)}`, good.paymentId] });
      expect(decision).to.deep.equal({ outcome: "recorded", payment: recorded, isNew: false });
    });

    it("is what stands, when every field is known and none differs", () => {
      expect(decideOther({})).to.deep.equal({ outcome: "recorded", payment: recorded, isNew: false });
    });

    it("is impossible, when a field is not known and none differs", () => {
      expect(decideOther({ card: { ...good.card, holder: undefined } })).to.have.property("outcome", "impossible");
    });

    it("compares cards by their clients where fingerprints are of two keys, and leaves the holder's name out", () => {
      const card = { ...good.card, fingerprint: "x".repeat(43), holder: "x".repeat(12) };
      const rotated = { cardFingerprint: card.fingerprint, formerCardFingerprint: good.card.fingerprint };
      const decision = decideOther({ card, description: "another" }, rotated);
      expect(decision?.outcome === "recorded" && decision.payment.differingFields).to.deep.equal(["description"]);
    });
  });
});
