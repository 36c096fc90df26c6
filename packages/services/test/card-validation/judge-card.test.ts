import { expect } from "chai";
import { judgeCard } from "../../dist/card-validation/judge-card.js";
import { expiryOf } from "../../dist/shared/card-expiry.js";

const ACCEPT_TIME_MS = Date.parse("2026-05-15T10:00:00.000Z");
const card = (number: string) => ({ number, expiryMonth: 12, expiryYear: 2030 });

describe("judgeCard", () => {
  const good: [string, string][] = [
    ["4242424242424242", "visa"],
    ["4000000000000002", "visa"],
    ["4012888888881881", "visa"],
    ["5555555555554444", "mastercard"],
    ["2223003122003222", "mastercard"],
    ["378282246310005", "american-express"],
    ["6011111111111117", "discover"],
    ["6200000000000005", "unionpay"],
    ["30569309025904", "diners-club"],
    ["3530111333300000", "jcb"],
    ["6759649826438453", "maestro"],
    ["6521500000000006", "rupay"],
    ["6070000000000002", "rupay"],
    ["8172000000000005", "rupay"],
    ["8201000000000000", "rupay"],
    ["8171000000000006", "unionpay"],
    ["8600123456789012", "uzcard"],
    ["5614681000000004", "uzcard"],
    ["9860000000000000", "humo"],
    ["9792000000000003", "troy"],
    ["5067310000000010", "elo"],
    ["2200000000000004", "mir"],
    ["6062820000000003", "hipercard"],
    ["5019717010103742", "dankort"],
    ["6304000000000000", "maestro"],
    ["1234567812345670", "unknown"],
    ["0000000000000000", "unknown"],
    ["7000000000000005", "unknown"],
  ];
  for (const [number, brand] of good) {
    it(`accepts ${number} as ${brand}`, () => {
      expect(judgeCard(card(number), ACCEPT_TIME_MS)).to.deep.equal({ brand });
    });
  }

  it("accepts both ends of Mastercard's 2-series and none beyond", () => {
    expect(judgeCard(card("2221000000000009"), ACCEPT_TIME_MS)).to.deep.equal({ brand: "mastercard" });
    expect(judgeCard(card("2720990000000007"), ACCEPT_TIME_MS)).to.deep.equal({ brand: "mastercard" });
    expect(judgeCard(card("2721000000000004"), ACCEPT_TIME_MS).brand).to.not.equal("mastercard");
  });

  const bad: [string, string, string][] = [
    ["4242424242424241", "visa", "a wrong check digit"],
    ["4242424242422442", "visa", "two digits swapped"],
    ["5555555555554445", "mastercard", "a wrong check digit"],
    ["378282246310006", "american-express", "a wrong check digit"],
    ["6200000000000004", "unionpay", "a wrong check digit"],
    ["4242424242424", "visa", "a length that Visa does not have"],
    ["42424242424242424", "visa", "17 digits"],
    ["55555555555544442", "mastercard", "a digit too many"],
    ["3782822463100050", "american-express", "16 digits"],
    ["8600123456789013", "uzcard", "a wrong check digit"],
    ["86001234567890128", "uzcard", "17 digits"],
    ["1234567812345671", "unknown", "a wrong check digit of no brand"],
    ["999999999999", "unknown", "a wrong check digit in 12 digits of no brand"],
  ];
  for (const [number, brand, why] of bad) {
    it(`declines ${number}: ${why}`, () => {
      expect(judgeCard(card(number), ACCEPT_TIME_MS)).to.deep.equal({ brand, declineReason: "INVALID_CARD_NUMBER" });
    });
  }

  it("accepts a card until the last millisecond of its month in UTC-12", () => {
    const may = { number: "4242424242424242", expiryMonth: 5, expiryYear: 2026 };
    expect(judgeCard(may, Date.parse("2026-06-01T11:59:59.999Z"))).to.deep.equal({ brand: "visa" });
    expect(judgeCard(may, Date.parse("2026-06-01T12:00:00.000Z"))).to.deep.equal({
      brand: "visa",
      declineReason: "CARD_EXPIRED",
    });
  });

  it("carries December over into the next year", () => {
    expect(new Date(expiryOf({ expiryMonth: 12, expiryYear: 2026 })).toISOString()).to.equal(
      "2027-01-01T12:00:00.000Z",
    );
  });

  it("knows leap years", () => {
    const february = { number: "4242424242424242", expiryMonth: 2, expiryYear: 2028 };
    expect(judgeCard(february, Date.parse("2028-02-29T23:59:59.999-12:00"))).to.deep.equal({ brand: "visa" });
  });

  it("accepts a year that is absurdly far ahead and declines one far past", () => {
    expect(judgeCard({ ...card("4242424242424242"), expiryYear: 2200 }, ACCEPT_TIME_MS)).to.deep.equal({
      brand: "visa",
    });
    expect(judgeCard({ ...card("4242424242424242"), expiryYear: 1900 }, ACCEPT_TIME_MS).declineReason).to.equal(
      "CARD_EXPIRED",
    );
  });

  it("judges at the time of acceptance, not at the time of judging", () => {
    const longPast = { number: "4242424242424242", expiryMonth: 1, expiryYear: 2001 };
    expect(judgeCard(longPast, Date.parse("2001-01-31T00:00:00.000Z"))).to.deep.equal({ brand: "visa" });
  });

  it("reports a wrong number before a past expiry", () => {
    const both = { number: "4242424242424241", expiryMonth: 1, expiryYear: 2001 };
    expect(judgeCard(both, ACCEPT_TIME_MS).declineReason).to.equal("INVALID_CARD_NUMBER");
  });
});
