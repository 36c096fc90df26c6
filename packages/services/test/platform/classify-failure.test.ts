import { MessagingError, type MessagingErrorCode } from "@quittance/sdk";
import { expect } from "chai";
import { classifyFailure } from "../../dist/platform/classify-failure.js";
import { SQLSTATES } from "./sqlstates.js";

/** Every SQLSTATE that counts against the message: its own values bring it about. */
const OF_THE_MESSAGE = ["22001", "22003", "22007", "22008", "22009", "22021", "22P02", "22P03", "22P05"];

/** What has been seen to take accepted payments: a fail-over, a role, a password, a right, a table, a bug of the server. */
const OF_THE_SERVER = [
  "08006",
  "25006",
  "28000",
  "28P01",
  "3D000",
  "40001",
  "40P01",
  "42501",
  "53100",
  "53300",
  "57P01",
  "57P03",
  "58030",
  "XX000",
];

/** As pg throws it. */
function databaseError(code: string): Error {
  return Object.assign(new Error("The server said so."), { code });
}

describe("what a failure counts against", () => {
  it("is the message for a closed list of SQLSTATEs, and for none of all others that PostgreSQL knows", () => {
    expect(SQLSTATES).to.have.length.greaterThan(250);
    const against = SQLSTATES.filter((code) => classifyFailure(databaseError(code)) === "permanent");
    expect(against.toSorted()).to.deep.equal(OF_THE_MESSAGE);
    expect(SQLSTATES.filter((code) => classifyFailure(databaseError(code)) === "poison")).to.deep.equal([]);
  });

  it("is the server, without a look at single messages, where it is away, busy or refuses", () => {
    for (const code of OF_THE_SERVER) expect(classifyFailure(databaseError(code)), code).to.equal("transient");
    for (const code of ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EPIPE", "EAI_AGAIN"]) {
      expect(classifyFailure(databaseError(code)), code).to.equal("transient");
    }
    expect(classifyFailure(new Error("Connection terminated unexpectedly"))).to.equal("transient");
  });

  it("is not known for a mistake of ours: a constraint, a missing table, a bug, something that is no error", () => {
    for (const code of ["23502", "23503", "23505", "23514", "42P01", "42703", "42601", "54001", "P0001", "ZZZZZ"]) {
      expect(classifyFailure(databaseError(code)), code).to.equal("unknown");
    }
    for (const error of [new TypeError("x is undefined"), new RangeError(), "a text", undefined, null, {}]) {
      expect(classifyFailure(error)).to.equal("unknown");
    }
  });

  const MESSAGING: Readonly<Record<MessagingErrorCode, string>> = {
    "connection-failed": "transient",
    "connection-lost": "transient",
    "address-full": "transient",
    released: "transient",
    "timed-out": "transient",
    "window-full": "transient",
    "invalid-body": "permanent",
    "authentication-failed": "unknown",
    "not-authorized": "unknown",
    "not-found": "unknown",
    "not-supported": "unknown",
    rejected: "unknown",
    aborted: "unknown",
    "rolled-back": "unknown",
    "in-doubt": "unknown",
    closed: "unknown",
    "invalid-argument": "unknown",
    protocol: "unknown",
  };
  for (const [code, expected] of Object.entries(MESSAGING)) {
    it(`is ${expected} for the broker's ${code}`, () => {
      expect(classifyFailure(new MessagingError(code as MessagingErrorCode, "A test."))).to.equal(expected);
    });
  }
});
