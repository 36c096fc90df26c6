import { expect } from "chai";
import { DEFAULT_RETRY_SCHEDULE } from "../../dist/notification/webhook/retry-schedule.js";
import { type RecordedDelivery, wrongWithDelivery } from "./endpoint-check.js";

const sent: RecordedDelivery = { eventId: "evt_a", state: "sent", attempts: 2, ageMs: 9_000 };
const taken = new Set(["evt_a"]);

describe("The campaign's check of a delivery to a merchant's endpoint", () => {
  it("finds nothing wrong with one that the endpoint took", () => {
    expect(wrongWithDelivery(sent, taken)).to.deep.equal([]);
  });

  it("lets one be given up after the last attempt that is documented, and no sooner", () => {
    const last = DEFAULT_RETRY_SCHEDULE.maximumAttempts;
    expect(wrongWithDelivery({ ...sent, state: "gave-up", attempts: last }, new Set())).to.deep.equal([]);
    expect(wrongWithDelivery({ ...sent, state: "gave-up", attempts: last - 1 }, new Set())).to.have.lengthOf(1);
  });

  it("finds one that is recorded as sent and never arrived, one that still waits, and one that was not queued", () => {
    expect(wrongWithDelivery(sent, new Set())).to.have.lengthOf(1);
    for (const state of ["pending", "failed", null]) {
      expect(wrongWithDelivery({ ...sent, state }, taken)).to.have.lengthOf(1);
    }
  });
});
