/** Page tokens: where the next page starts, opaque to the caller, and bound to its list so that none is forged. */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { invalidFields } from "./api-error.js";

/** What a token is for: the pages of one list, and no other. */
export interface ListScope {
  readonly merchantId: string;
  readonly of: "payments" | "refunds";
  /** The filters and the order, by their fields; what is empty is none. */
  readonly filters: Readonly<Record<string, string | true>>;
}

/** The last payment or refund of a page. */
export interface PagePosition {
  /** ISO 8601 with milliseconds. */
  readonly acceptTime: string;
  readonly id: string;
}

const TIME_BYTES = 8;
const TAG_BYTES = 16;
const ID_BYTES = 36;

/** The token (80 characters of base64url) for the page that follows `position`. */
export function writePageToken(key: KeyObject, scope: ListScope, position: PagePosition): string {
  const content = Buffer.alloc(TIME_BYTES + ID_BYTES);
  content.writeBigInt64BE(BigInt(Date.parse(position.acceptTime)));
  content.write(position.id, TIME_BYTES, "latin1");
  return Buffer.concat([content, tag(key, scope, content)]).toString("base64url");
}

/** @throws ApiError INVALID_ARGUMENT when the token is not one of this list, under any of the keys. */
export function readPageToken(keys: readonly KeyObject[], scope: ListScope, token: string): PagePosition {
  const bytes = Buffer.from(token, "base64url");
  const content = bytes.subarray(0, TIME_BYTES + ID_BYTES);
  const given = bytes.subarray(TIME_BYTES + ID_BYTES);
  // Decoding skips what is no base64url: only the exact text of a token is one.
  const exact = bytes.toString("base64url") === token;
  if (!exact || given.length !== TAG_BYTES || !keys.some((key) => timingSafeEqual(given, tag(key, scope, content)))) {
    throw invalidFields([
      {
        field: "page_token",
        description: "must be the next_page_token of an earlier page of the same list, with the same filters",
      },
    ]);
  }
  return {
    acceptTime: new Date(Number(content.readBigInt64BE())).toISOString(),
    id: content.toString("latin1", TIME_BYTES),
  };
}

function tag(key: KeyObject, { merchantId, of, filters }: ListScope, content: Buffer): Buffer {
  const given = Object.entries(filters)
    .filter(([, value]) => value !== "")
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const list = Buffer.from(JSON.stringify([merchantId, of, given]));
  return createHmac("sha256", key)
    .update(`${list.length}:`)
    .update(list)
    .update(content)
    .digest()
    .subarray(0, TAG_BYTES);
}
