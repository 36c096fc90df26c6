import { createSecretKey } from "node:crypto";
import { expect } from "chai";
import { ApiError } from "../../dist/gateway/api-error.js";
import { readPageToken, writePageToken } from "../../dist/gateway/page-token.js";

const KEY = createSecretKey(Buffer.alloc(32, 7));
const POSITION = { acceptTime: "2026-01-31T23:59:59.123Z", id: "pay_abcdefghijklmnopqrstuvwxyz234567" };

describe("page tokens", () => {
  it("give back the position they were made of", () => {
    expect(readPageToken(KEY, "m-1", writePageToken(KEY, "m-1", POSITION))).to.deep.equal(POSITION);
  });

  it("are refused for another merchant, when they were changed, and when they are garbage", () => {
    const token = writePageToken(KEY, "m-1", POSITION);
    const changed = (token.startsWith("A") ? "B" : "A") + token.slice(1);
    const refused: [string, string][] = [
      ["m-2", token],
      ["m-1", changed],
      ["m-1", token.slice(0, -4)],
      ["m-1", `${token}AAAA`],
      ["m-1", `${token}A`],
      ["m-1", ` ${token}`],
      ["m-1", "x"],
      ["m-1", "%%%"],
    ];
    for (const [merchant, given] of refused) {
      expect(() => readPageToken(KEY, merchant, given), given)
        .to.throw(ApiError)
        .with.property("code", "INVALID_ARGUMENT");
    }
  });
});
