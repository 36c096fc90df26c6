import { expect } from "chai";
import { smallestFailing } from "./smallest.js";

describe("The smallest failing case", () => {
  it("has only the changes without which it would not fail", async () => {
    const kept = await smallestFailing(6, async (keep) => keep(1) && keep(4));
    expect([...kept]).to.have.members([1, 4]);
  });

  it("has no change when it fails without any, and all when it never fails again", async () => {
    expect((await smallestFailing(3, async () => true)).size).to.equal(0);
    expect((await smallestFailing(3, async () => false)).size).to.equal(3);
  });
});
