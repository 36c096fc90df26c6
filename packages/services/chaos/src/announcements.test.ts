import { expect } from "chai";
import { Announcements, wrongWithAnnouncements } from "./announcements.js";
import type { AskedRefund } from "./request-book.js";

const refund = (id: string): AskedRefund => ({
  call: { merchantId: "m-0001", requestId: `request of ${id}`, paymentId: "pay_a", amount: undefined },
  ...{ kind: "refund", round: 1, calls: 1, id, final: { kind: "told", id, state: "SUCCEEDED", reason: undefined } },
});

describe("The campaign's check of announcements", () => {
  let announced: Announcements;
  const wrong = () => wrongWithAnnouncements(announced, [refund("ref_a"), refund("ref_b")]).map(({ what }) => what);

  beforeEach(() => {
    announced = new Announcements();
    announced.note("ref_a", { id: "evt_a", type: "refund.succeeded" });
    announced.note("ref_a", { id: "evt_a", type: "refund.succeeded" });
  });

  it("finds nothing wrong when each end was announced, more than once or not, under an id of its own", () => {
    announced.note("ref_b", { id: "evt_b", type: "refund.succeeded" });
    expect(wrong()).to.deep.equal([]);
  });

  it("finds an end that was never announced", () => {
    expect(wrong()).to.deep.equal(["request of ref_b was never announced"]);
  });

  it("finds an end that was announced as what it is not", () => {
    announced.note("ref_b", { id: "evt_b", type: "refund.declined" });
    expect(wrong()).to.deep.equal(["ref_b is refund.succeeded, and was announced as refund.declined"]);
  });

  it("finds an end with two ids, and an id of two ends", () => {
    announced.note("ref_b", { id: "evt_b", type: "refund.succeeded" });
    announced.note("ref_b", { id: "evt_a", type: "refund.succeeded" });
    expect(wrong()).to.deep.equal([
      "ref_b was announced under evt_b and evt_a",
      "the webhook id evt_a is that of ref_a and of ref_b",
    ]);
  });
});
