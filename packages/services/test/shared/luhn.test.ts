import { expect } from "chai";
import { luhnCheckDigit, passesLuhn } from "../../dist/shared/luhn.js";

describe("Luhn's check digit", () => {
  // The example of ISO/IEC 7812-1's annex, and public test numbers of even and odd length.
  for (const number of ["79927398713", "4242424242424242", "378282246310005", "30569309025904", "0000000000000000"]) {
    it(`completes ${number}`, () => {
      expect(luhnCheckDigit(number.slice(0, -1))).to.equal(number.at(-1));
      const passing = [..."0123456789"].filter((digit) => passesLuhn(number.slice(0, -1) + digit));
      expect(passing).to.deep.equal([number.at(-1)]);
    });
  }

  it("finds two neighbours that were swapped", () => {
    expect(passesLuhn("4242424242422442")).to.equal(false);
  });
});
