/**
 * Payment and refund ids: derived from the merchant, its request_id and everything else that the call chose, so that a
 * gateway without a database gives the same id to the same request permanently, never gives one id to two requests that
 * differ, and tells whether an id is a given merchant's.
 *
 * `pay_` or `ref_` + base32 of 20 bytes: 15 of HMAC-SHA256(key, merchant, request_id, parameters), which name the payment
 * or refund, and 5 of HMAC-SHA256(key, merchant, those 15), the tag that binds it to the merchant.
 */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";

const PREFIX = "pay_";
const REFUND_PREFIX = "ref_";
const NAME_BYTES = 15;
const TAG_BYTES = 5;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const FORM = /^[a-z2-7]{32}$/;

/** What an id stands for. */
export interface Requested {
  readonly merchantId: string;
  readonly requestId: string;
  /** Of everything else that the call chose: always of the same length. */
  readonly parametersHash: string;
}

/** The id of the payment that was asked for: always the same. */
export function derivePaymentId(key: KeyObject, requested: Requested): string {
  return PREFIX + nameAndTag(key, requested);
}

/** The id of the refund that was asked for; `key` is another than that of payments. */
export function deriveRefundId(key: KeyObject, requested: Requested): string {
  return REFUND_PREFIX + nameAndTag(key, requested);
}

/** Whether `id` is one that `derivePaymentId` gave to this merchant; says nothing of whether the payment was sent. */
export function belongsToMerchant(key: KeyObject, merchantId: string, id: string): boolean {
  return isTagged(key, merchantId, id, PREFIX);
}

/** The same of an id that `deriveRefundId` gave. */
export function refundBelongsToMerchant(key: KeyObject, merchantId: string, id: string): boolean {
  return isTagged(key, merchantId, id, REFUND_PREFIX);
}

function isTagged(key: KeyObject, merchantId: string, id: string, prefix: string): boolean {
  const letters = id.slice(prefix.length);
  if (!id.startsWith(prefix) || !FORM.test(letters)) return false;
  const bytes = fromBase32(letters);
  const tag = hmac(key, merchantId, bytes.subarray(0, NAME_BYTES)).subarray(0, TAG_BYTES);
  return timingSafeEqual(tag, bytes.subarray(NAME_BYTES));
}

/** The hash goes first: its length is always the same, so that no two pairs of hash and request_id are the same bytes. */
function nameAndTag(key: KeyObject, { merchantId, requestId, parametersHash }: Requested): string {
  const name = hmac(key, merchantId, Buffer.from(parametersHash + requestId)).subarray(0, NAME_BYTES);
  const tag = hmac(key, merchantId, name).subarray(0, TAG_BYTES);
  return base32(Buffer.concat([name, tag]));
}

/** The merchant is prefixed by its length, so that no two pairs of merchant and rest are the same bytes. */
function hmac(key: KeyObject, merchantId: string, rest: Buffer): Buffer {
  const merchant = Buffer.from(merchantId);
  return createHmac("sha256", key).update(`${merchant.length}:`).update(merchant).update(rest).digest();
}

/** Lower-case base32 (RFC 4648, section 6) of a number of bytes that needs no padding. */
function base32(bytes: Buffer): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 5) {
    // Five bytes are eight letters; 40 bits fit a double exactly.
    let group = bytes.readUIntBE(start, 5);
    let letters = "";
    for (let letter = 0; letter < 8; letter++) {
      letters = ALPHABET.charAt(group % 32) + letters;
      group = Math.floor(group / 32);
    }
    text += letters;
  }
  return text;
}

function fromBase32(text: string): Buffer {
  const bytes = Buffer.alloc((text.length / 8) * 5);
  for (let group = 0; group < text.length / 8; group++) {
    let value = 0;
    for (const letter of text.slice(group * 8, group * 8 + 8)) value = value * 32 + ALPHABET.indexOf(letter);
    bytes.writeUIntBE(value, group * 5, 5);
  }
  return bytes;
}
