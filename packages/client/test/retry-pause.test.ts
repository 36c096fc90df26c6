import { expect } from "chai";
import { retryPauseMs } from "../dist/retry-pause.js";

describe("The pause before a retry", () => {
  const least = (retry: number, retryAfterMs?: number) => retryPauseMs(retry, retryAfterMs, () => 0);
  const most = (retry: number, retryAfterMs?: number) => retryPauseMs(retry, retryAfterMs, () => 1);

  it("doubles from 200 ms to 5 s, and half of it is random", () => {
    expect([0, 1, 2, 3, 4, 5, 1_000].map((retry) => most(retry))).to.deep.equal([
      200, 400, 800, 1_600, 3_200, 5_000, 5_000,
    ]);
    expect([0, 1, 5].map((retry) => least(retry))).to.deep.equal([100, 200, 2_500]);
  });

  it("is never shorter than the service asks for, and callers do not come back together even so", () => {
    expect(least(0, 1_000)).to.equal(1_000);
    expect(most(0, 1_000)).to.equal(1_100);
    expect(least(5, 0)).to.equal(2_500);
  });
});
