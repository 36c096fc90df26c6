import { expect } from "chai";
import { pooledRandomBytes } from "../../dist/platform/random-bytes.js";

describe("Pooled random bytes", () => {
  it("never come twice, and stay as they were when the pool is filled again", () => {
    const given = Array.from({ length: 2_000 }, () => pooledRandomBytes(12));
    const first = given.map((bytes) => bytes.toString("hex"));
    expect(new Set(first).size).to.equal(2_000);
    for (let fill = 0; fill < 10; fill++) pooledRandomBytes(4_096);
    expect(given.map((bytes) => bytes.toString("hex"))).to.deep.equal(first);
  });

  it("share no memory with others that were given out", () => {
    const all = Array.from({ length: 1_000 }, (_, place) => pooledRandomBytes(1 + (place % 40)));
    for (const [place, bytes] of all.entries()) bytes.fill(place % 256);
    for (const [place, bytes] of all.entries()) expect([...bytes].every((byte) => byte === place % 256)).to.equal(true);
  });

  it("are as many as were asked for", () => {
    for (const count of [1, 12, 24, 4_096]) expect(pooledRandomBytes(count).length).to.equal(count);
    for (const count of [0, 4_097, Number.NaN]) expect(() => pooledRandomBytes(count)).to.throw(RangeError);
  });
});
