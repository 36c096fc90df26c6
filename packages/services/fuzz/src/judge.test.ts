import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import type { Answer, DoorName } from "./fuzz-case.js";
import { faultOf } from "./judge.js";

const GOOD: Answer = { status: 400, reason: "INVALID_FIELDS", malformed: undefined, text: "{}", elapsedMs: 5 };
const CARD = "5555555555554444";

const judged = (door: DoorName, changes: Partial<Answer>) => faultOf(door, { ...GOOD, ...changes }, [CARD]);

describe("The judge of the fuzzer", () => {
  it("takes refusals and successes of the documented form", () => {
    for (const code of [200, 202, 400, 401, 404, 405, 409, 413, 415, 429]) {
      expect(judged("http", { status: code }), String(code)).to.equal(undefined);
    }
    for (const code of [status.OK, status.INVALID_ARGUMENT, status.NOT_FOUND, status.RESOURCE_EXHAUSTED]) {
      expect(judged("grpc", { status: code }), String(code)).to.equal(undefined);
    }
  });

  it("fails what a caller's mistake must never end with", () => {
    for (const code of [0, 100, 302, 500, 502, 503]) expect(judged("http", { status: code })).to.contain(String(code));
    for (const code of [status.INTERNAL, status.UNKNOWN, status.UNAVAILABLE, status.DEADLINE_EXCEEDED]) {
      expect(judged("grpc", { status: code })).to.contain(status[code]);
    }
  });

  it("fails another form, a secret that comes back, an answer that is too long or too late", () => {
    expect(judged("http", { malformed: "its content type is text/html" })).to.contain("text/html");
    expect(judged("grpc", { status: status.INVALID_ARGUMENT, text: `wrong: ${CARD}` }))
      .to.contain("repeats")
      .and.not.to.contain(CARD);
    expect(judged("http", { text: "x".repeat(20_000) })).to.contain("20000 characters");
    expect(judged("http", { status: 200, text: "x".repeat(20_000) })).to.equal(undefined);
    expect(judged("http", { elapsedMs: 60_000 })).to.contain("60000 ms");
  });
});
