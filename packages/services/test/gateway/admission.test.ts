import { expect } from "chai";
import { Admission, type AdmissionLimits, type Place } from "../../dist/gateway/admission.js";
import type { ApiError } from "../../dist/gateway/api-error.js";

const LIMITS: AdmissionLimits = { maximum: 5, maximumPerMerchant: 3, countedForMs: 1_000, slowAfterMs: 100 };

describe("The gateway's admission", () => {
  let nowMs: number;
  let admission: Admission;
  beforeEach(() => {
    nowMs = 10_000;
    admission = new Admission(LIMITS, () => nowMs);
  });

  /** Lets in a payment that the broker then holds, and whose call goes on. */
  function accepted(id: string, merchant = "m-1"): Place {
    const place = admission.enter(merchant);
    place.sending([id]);
    place.accepted();
    return place;
  }

  function refusalOf(merchant: string): ApiError {
    try {
      admission.enter(merchant);
    } catch (error) {
      return error as ApiError;
    }
    throw new Error("It was let in.");
  }

  it("refuses one merchant that has too many in flight, and lets another in", () => {
    for (const id of ["1", "2", "3"]) accepted(id);
    const refusal = refusalOf("m-1");
    expect(refusal).to.include({ code: "RESOURCE_EXHAUSTED", reason: "TOO_MANY_IN_FLIGHT", retryAfterMs: 1_000 });
    expect(refusal.metadata).to.deep.equal({ limit: "3" });
    accepted("4", "m-2");
    expect(admission.size).to.equal(4);
  });

  it("refuses everybody when too many are in flight in all", () => {
    for (const id of ["1", "2", "3"]) accepted(id);
    for (const id of ["4", "5"]) accepted(id, "m-2");
    expect(refusalOf("m-3")).to.include({ code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED", retryAfterMs: 1_000 });
  });

  it("counts a payment until its call has ended and its answer has come, in either order", () => {
    const first = accepted("1");
    const second = accepted("2");
    first.end();
    admission.answered("2");
    expect(admission.size).to.equal(2);
    admission.answered("1");
    expect(admission.size).to.equal(1);
    second.end();
    expect(admission.size).to.equal(0);
  });

  it("counts calls of one payment each, and ends all of them with its answer", () => {
    const places = [accepted("1"), accepted("1")];
    for (const place of places) place.end();
    expect(admission.size).to.equal(2);
    admission.answered("1");
    expect(admission.size).to.equal(0);
  });

  it("lets no call in that nobody waits for any more", () => {
    const call = { merchantId: "m-1", traceparent: "", deadlineMs: Number.POSITIVE_INFINITY, isGone: () => false };
    const enter = (changes: Partial<typeof call>) => () => admission.enterCall({ ...call, ...changes });
    expect(enter({ isGone: () => true })).to.throw("busy");
    expect(enter({ deadlineMs: Date.now() - 1 })).to.throw("busy");
    expect(admission.size).to.equal(0);
    enter({})().end();
  });

  it("does not count what was refused before its send, or by the broker", () => {
    admission.enter("m-1").end();
    const place = admission.enter("m-1");
    place.sending(["1"]);
    place.end();
    place.end();
    expect(admission.size).to.equal(0);
    admission.answered("1");
    expect(admission.size).to.equal(0);
  });

  it("counts no longer what had no answer for long, unless its call still waits", () => {
    accepted("1").end();
    const waiting = accepted("2");
    nowMs += LIMITS.countedForMs;
    expect(admission.size).to.equal(1);
    waiting.end();
    expect(admission.size).to.equal(0);
  });

  it("forgets what waits for answers when they cannot come any more, and keeps the calls", () => {
    accepted("1").end();
    const lost = admission.enter("m-1");
    lost.sending(["2"]);
    const waiting = accepted("3");
    admission.forget();
    expect(admission.size).to.equal(2);
    lost.end();
    waiting.end();
    expect(admission.size).to.equal(0);
  });

  it("refuses at once while a send waits for the broker too long, and lets in again after it", () => {
    const slow = admission.enter("m-1");
    slow.sending(["1"]);
    nowMs += LIMITS.slowAfterMs - 1;
    admission.enter("m-1").end();
    nowMs += 1;
    expect(refusalOf("m-2")).to.include({ code: "UNAVAILABLE", reason: "BROKER_SLOW", retryAfterMs: 1_000 });
    slow.accepted();
    admission.enter("m-2");
  });
});
