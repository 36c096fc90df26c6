import { expect } from "chai";
import { OptionsError, parseOptions } from "./options.js";

describe("The options of npm run chaos", () => {
  it("are twenty rounds of seed 1 on Artemis when none is given", () => {
    expect(parseOptions([])).to.deep.equal({
      rounds: 20,
      seed: 1,
      broker: "artemis",
      instances: 2,
      summary: undefined,
    });
  });

  it("are refused when they are wrong, by name", () => {
    for (const args of [
      ["--rounds", "0"],
      ["--seed", "x"],
      ["--broker", "kafka"],
      ["--instances", "5"],
      ["--sed", "1"],
    ]) {
      expect(() => parseOptions(args)).to.throw(OptionsError, args[0]);
    }
  });
});
