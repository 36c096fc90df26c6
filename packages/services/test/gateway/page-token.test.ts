import { createSecretKey } from "node:crypto";
import { expect } from "chai";
import { ApiError } from "../../dist/gateway/api-error.js";
import { type ListScope, readPageToken, writePageToken } from "../../dist/gateway/page-token.js";

const KEY = createSecretKey(Buffer.alloc(32, 7));
const LIST: ListScope = { merchantId: "m-1", of: "payments", filters: { request_id: "r-1" } };
const POSITION = { acceptTime: "2026-01-31T23:59:59.123Z", id: "pay_abcdefghijklmnopqrstuvwxyz234567" };

describe("page tokens", () => {
  it("return the position that they were made of", () => {
    expect(readPageToken([KEY], LIST, writePageToken(KEY, LIST, POSITION))).to.deep.equal(POSITION);
  });

  it("are read under each of the keys, so that a list that was begun goes on when the key changes", () => {
    const next = createSecretKey(Buffer.alloc(32, 8));
    expect(readPageToken([next, KEY], LIST, writePageToken(KEY, LIST, POSITION))).to.deep.equal(POSITION);
  });

  it("are the same whether a filter is empty or left out", () => {
    const bare = { ...LIST, filters: {} };
    const token = writePageToken(KEY, bare, POSITION);
    expect(readPageToken([KEY], { ...bare, filters: { request_id: "" } }, token)).to.deep.equal(POSITION);
  });

  it("are refused for another merchant, another list or other filters, when they were changed, and when they are garbage", () => {
    const token = writePageToken(KEY, LIST, POSITION);
    const changed = (token.startsWith("A") ? "B" : "A") + token.slice(1);
    const refused: [ListScope, string][] = [
      [{ ...LIST, merchantId: "m-2" }, token],
      [{ ...LIST, of: "refunds" }, token],
      [{ ...LIST, filters: {} }, token],
      [{ ...LIST, filters: { request_id: "r-2" } }, token],
      [{ ...LIST, filters: { payment: "r-1" } }, token],
      [LIST, changed],
      [LIST, token.slice(0, -4)],
      [LIST, `${token}AAAA`],
      [LIST, `${token}A`],
      [LIST, ` ${token}`],
      [LIST, "x"],
      [LIST, "%%%"],
    ];
    for (const [list, given] of refused) {
      expect(() => readPageToken([KEY], list, given), given)
        .to.throw(ApiError)
        .with.property("code", "INVALID_ARGUMENT");
    }
  });
});
