import { expect } from "chai";
import { backOffDelayMs } from "../../dist/back-off.js";
import { Pauses } from "../../dist/pauses.js";

describe("The back-off", () => {
  const limits = { initialDelayMs: 50, maximumDelayMs: 5_000 };

  it("doubles its bound with each failure, up to the maximum", () => {
    const bounds = [1, 2, 3, 7, 8, 1_000_000].map((failures) => backOffDelayMs(limits, failures, () => 1));
    expect(bounds).to.deep.equal([50, 100, 200, 3_200, 5_000, 5_000]);
  });

  it("draws anything between nothing and the bound", () => {
    expect(backOffDelayMs(limits, 2, () => 0)).to.equal(0);
    expect(backOffDelayMs(limits, 2, () => 0.5)).to.equal(50);
  });

  it("ends its pauses when told, and makes none after the last word", async () => {
    const pauses = new Pauses();
    const waiting = [pauses.wait(600_000), pauses.wait(600_000)];
    pauses.endAll();
    await Promise.all(waiting);
    pauses.endForGood();
    await pauses.wait(600_000);
  });
});
