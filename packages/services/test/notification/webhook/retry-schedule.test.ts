import { expect } from "chai";
import { DEFAULT_RETRY_SCHEDULE, nextDelayMs } from "../../../dist/notification/webhook/retry-schedule.js";

const latest = () => 1;
const earliest = () => 0;

describe("nextDelayMs", () => {
  it("doubles from 5 seconds to 12 hours", () => {
    const delays = Array.from({ length: 15 }, (_, index) =>
      nextDelayMs(DEFAULT_RETRY_SCHEDULE, { attempt: index + 1, ageMs: 0 }, latest),
    );
    expect(delays.slice(0, 3)).to.deep.equal([5_000, 10_000, 20_000]);
    expect(delays.at(-1)).to.equal(12 * 3_600_000);
  });

  it("draws half of each delay by lot", () => {
    expect(nextDelayMs(DEFAULT_RETRY_SCHEDULE, { attempt: 2, ageMs: 0 }, earliest)).to.equal(5_000);
    expect(nextDelayMs(DEFAULT_RETRY_SCHEDULE, { attempt: 2, ageMs: 0 }, latest)).to.equal(10_000);
  });

  it("waits as long as the receiver asks for", () => {
    expect(nextDelayMs(DEFAULT_RETRY_SCHEDULE, { attempt: 1, ageMs: 0, retryAfterMs: 60_000 }, latest)).to.equal(
      60_000,
    );
  });

  it("ends after the last attempt", () => {
    expect(nextDelayMs(DEFAULT_RETRY_SCHEDULE, { attempt: 16, ageMs: 0 })).to.equal(undefined);
  });

  it("ends when the next attempt would come more than three days after the first", () => {
    const ageMs = 72 * 3_600_000 - 4_000;
    expect(nextDelayMs(DEFAULT_RETRY_SCHEDULE, { attempt: 1, ageMs }, latest)).to.equal(undefined);
    expect(nextDelayMs(DEFAULT_RETRY_SCHEDULE, { attempt: 1, ageMs }, earliest)).to.equal(2_500);
  });
});
