import { expect } from "chai";
import fc from "fast-check";
import { wholeNumberPattern } from "../../../dist/gateway/openapi/whole-number-pattern.js";

describe("The pattern of whole numbers between two bounds", () => {
  const bounds = fc
    .tuple(fc.bigInt(0n, 5_000n), fc.bigInt(0n, 5_000n))
    .map(([a, b]): readonly [bigint, bigint] => (a < b ? [a, b] : [b, a]));

  it("matches every number between them, and no other", () => {
    fc.assert(
      fc.property(bounds, ([minimum, maximum]) => {
        const pattern = new RegExp(`^${wholeNumberPattern(minimum, maximum)}$`, "u");
        for (let number = 0n; number <= maximum + 150n; number++) {
          if (pattern.test(number.toString()) === (number >= minimum && number <= maximum)) continue;
          throw new Error(`${number} is judged wrongly by ${pattern}`);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("matches the bounds of large ranges, and not what is just outside", () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 63n - 1n), fc.bigInt(1n, 2n ** 63n - 1n), (a, b) => {
        const [minimum, maximum]: readonly [bigint, bigint] = a < b ? [a, b] : [b, a];
        const pattern = new RegExp(`^${wholeNumberPattern(minimum, maximum)}$`, "u");
        const judged = [minimum - 1n, minimum, maximum, maximum + 1n].map((number) => pattern.test(number.toString()));
        expect(judged).to.deep.equal([false, true, true, false]);
      }),
    );
  });

  it("is short where all numbers of several lengths are taken", () => {
    expect(wholeNumberPattern(1n, 1_000_000_000n)).to.equal("(?:[1-9][0-9]{0,8}|1000000000)");
    expect(wholeNumberPattern(1n, 12n)).to.equal("(?:[1-9]|1[0-2])");
  });

  it("takes no zeros in front", () => {
    expect(new RegExp(`^${wholeNumberPattern(1n, 100n)}$`).test("007")).to.equal(false);
  });
});
