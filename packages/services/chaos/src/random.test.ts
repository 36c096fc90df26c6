import { expect } from "chai";
import { randomOf } from "./random.js";

describe("Random choices", () => {
  const draw = (seed: string) => {
    const random = randomOf(seed);
    return Array.from({ length: 50 }, () => random.between(0, 1_000));
  };

  it("are the same for the same seed, and others for the next", () => {
    expect(draw("round 1")).to.deep.equal(draw("round 1"));
    expect(draw("round 1")).not.to.deep.equal(draw("round 2"));
  });

  it("keep to their bounds and reach both", () => {
    const random = randomOf("bounds");
    const drawn = new Set(Array.from({ length: 500 }, () => random.between(3, 6)));
    expect([...drawn].sort()).to.deep.equal([3, 4, 5, 6]);
  });

  it("take no element twice, and no more than there are", () => {
    expect(randomOf("sample").sample(["a", "b", "c"], 7).sort()).to.deep.equal(["a", "b", "c"]);
  });

  it("of a fork do not depend on what was drawn before", () => {
    const one = randomOf("fork");
    const other = randomOf("fork");
    other.next();
    expect(one.fork("load").next()).to.equal(other.fork("load").next());
  });
});
