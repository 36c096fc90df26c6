import { expect } from "chai";
import { formatAmount, parseAmount } from "../dist/mod.js";

describe("An amount that people write", () => {
  const cases: readonly (readonly [text: string, currencyCode: string, minorUnits: bigint, written: string])[] = [
    ["EUR 12.50", "EUR", 1_250n, "EUR 12.50"],
    ["12.5 EUR", "EUR", 1_250n, "EUR 12.50"],
    ["EUR12", "EUR", 1_200n, "EUR 12.00"],
    ["EUR 999,975.00", "EUR", 99_997_500n, "EUR 999,975.00"],
    ["EUR 0.05", "EUR", 5n, "EUR 0.05"],
    ["JPY 1250", "JPY", 1_250n, "JPY 1,250"],
    ["TND 1.005", "TND", 1_005n, "TND 1.005"],
    ["IQD 1.005", "IQD", 1_005n, "IQD 1.005"],
    ["CLF 0.0001", "CLF", 1n, "CLF 0.0001"],
    ["EUR 90071992547409.93", "EUR", 9_007_199_254_740_993n, "EUR 90,071,992,547,409.93"],
  ];
  for (const [text, currencyCode, minorUnits, written] of cases) {
    it(`is exact: ${text}`, () => {
      expect(parseAmount(text)).to.deep.equal({ currencyCode, minorUnits });
      expect(formatAmount({ currencyCode, minorUnits })).to.equal(written);
      expect(parseAmount(written)).to.deep.equal({ currencyCode, minorUnits });
    });
  }

  for (const text of [
    "12.50",
    "EUR",
    "eur 12.50",
    "EUR 12.505",
    "JPY 1.5",
    "EUR 1,25",
    "EUR -1",
    "EUR 1 EUR",
    "EUR 1.",
    "",
  ]) {
    it(`is refused rather than guessed: "${text}"`, () => {
      expect(() => parseAmount(text)).to.throw(RangeError);
    });
  }

  it("has its sign before the digits where it is negative", () => {
    expect(formatAmount({ currencyCode: "EUR", minorUnits: -5n })).to.equal("EUR -0.05");
  });
});
