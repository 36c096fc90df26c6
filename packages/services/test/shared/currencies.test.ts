import { expect } from "chai";
import { CURRENCY_CODES, isCurrency, minorUnitDigitsOf } from "../../dist/shared/currencies.js";

describe("The table of currencies", () => {
  it("has the currencies of ISO 4217's list one of today, each in capitals and once", () => {
    expect(CURRENCY_CODES).to.have.length(165);
    expect(new Set(CURRENCY_CODES)).to.have.property("size", 165);
    expect(CURRENCY_CODES.filter((code) => !/^[A-Z]{3}$/.test(code))).to.deep.equal([]);
    for (const code of ["EUR", "VED", "VES", "XCG", "XAD", "SLE", "ZWG", "CLF", "UYW"]) {
      expect(isCurrency(code), code).to.equal(true);
    }
  });

  it("has none that was withdrawn, none without a minor unit, and none in small letters", () => {
    const withdrawn = ["BGN", "HRK", "ANG", "CUC", "SLL", "ZWL", "VEF", "DEM", "ADP", "MRO", "STD", "BYR"];
    const withoutMinorUnit = ["XAU", "XDR", "XTS", "XXX", "XSU", "XUA"];
    for (const code of [...withdrawn, ...withoutMinorUnit, "eur", "", "constructor"]) {
      expect(isCurrency(code), code).to.equal(false);
      expect(minorUnitDigitsOf(code), code).to.equal(undefined);
    }
  });

  it("knows the digits of minor units", () => {
    const expected = { EUR: 2, JPY: 0, BHD: 3, IQD: 3, AFN: 2, CLF: 4, VED: 2, XOF: 0, UGX: 0, MGA: 2 };
    for (const [code, digits] of Object.entries(expected)) expect(minorUnitDigitsOf(code), code).to.equal(digits);
  });
});
