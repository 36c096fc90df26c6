import { expect } from "chai";
import { formatAmount } from "../../dist/notification/format-amount.js";
import { CURRENCY_CODES, minorUnitDigitsOf } from "../../dist/shared/currencies.js";

/** Intl separates with no-break spaces, whose kind changes between releases of CLDR. */
function formatted(currencyCode: string, minorUnits: string, language: string): string {
  return formatAmount({ currencyCode, minorUnits }, language).replace(/\p{Zs}/gu, " ");
}

describe("formatAmount", () => {
  const cases: [string, string, string, string][] = [
    ["EUR", "1250", "en", "€12.50"],
    ["EUR", "1250", "fr", "12,50 €"],
    ["EUR", "5", "en", "€0.05"],
    ["EUR", "50", "en", "€0.50"],
    ["JPY", "1250", "en", "¥1,250"],
    ["TND", "1250", "en", "TND 1.250"],
    ["BHD", "1", "fr", "0,001 BHD"],
    ["CLF", "12345", "en", "CLF 1.2345"],
    ["VED", "1250", "en", "VED 12.50"],
    ["MGA", "1250", "en", "MGA 12.50"],
    ["BGN", "1250", "en", "BGN 12.50"],
  ];
  for (const [currency, minorUnits, language, text] of cases) {
    it(`writes ${minorUnits} minor units of ${currency} in ${language} as ${text}`, () => {
      expect(formatted(currency, minorUnits, language)).to.equal(text);
    });
  }

  it("keeps every digit of an amount that no double can hold", () => {
    expect(formatted("USD", "999999999999999999", "en")).to.equal("$9,999,999,999,999,999.99");
    expect(formatted("USD", "900719925474099301", "en")).to.equal("$9,007,199,254,740,993.01");
  });

  it("knows the minor unit of every currency that may come in", () => {
    for (const code of CURRENCY_CODES) {
      const digits = minorUnitDigitsOf(code) ?? Number.NaN;
      const number = formatted(code, "1234567", "en")
        .replaceAll(",", "")
        .match(/[0-9.]+$/)?.[0];
      expect(number, code).to.equal((1_234_567 / 10 ** digits).toFixed(digits));
    }
  });

  it("follows ISO 4217 where Intl's own digits differ", () => {
    expect(formatted("AFN", "1250", "en")).to.equal("AFN 12.50");
    expect(formatted("IQD", "1250", "en")).to.equal("IQD 1.250");
  });
});
