/**
 * HMAC-SHA256 (RFC 2104) of short texts in two one-shot digests: `createHmac` makes an object, a stream and a native
 * handle for each, which costs twice as much as the digest itself.
 */
import { createHmac, hash, KeyObject } from "node:crypto";

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Longest UTF-8 sequence of one UTF-16 code unit. */
const BYTES_A_UNIT = 3;
/** Room for the inner pad and a text. A longer text goes through `createHmac`. */
const WORKSPACE = Buffer.alloc(128 * 1024);

/** A key, combined with the pads of RFC 2104. */
interface PaddedKey {
  readonly inner: Buffer;
  /** The outer pad, and room for the inner digest after it. */
  readonly outer: Buffer;
}

/** Made once for each key. */
const paddedKeys = new WeakMap<KeyObject | Uint8Array, PaddedKey>();

/** HMAC-SHA256 of `text` in UTF-8: 43 characters of base64url. The text is wiped from memory that is used again. */
export function hmacSha256(key: KeyObject | Uint8Array, text: string): string {
  if (text.length * BYTES_A_UNIT > WORKSPACE.length - BLOCK_BYTES) {
    return createHmac("sha256", key).update(text).digest("base64url");
  }
  const { inner, outer } = paddedKeyOf(key);
  WORKSPACE.set(inner);
  const end = BLOCK_BYTES + WORKSPACE.write(text, BLOCK_BYTES, "utf8");
  // Node's "binary" is Latin-1: one character for each byte, without a buffer of its own.
  outer.write(hash("sha256", WORKSPACE.subarray(0, end), "binary"), BLOCK_BYTES, "latin1");
  WORKSPACE.fill(0, 0, end);
  return hash("sha256", outer, "base64url");
}

function paddedKeyOf(key: KeyObject | Uint8Array): PaddedKey {
  let padded = paddedKeys.get(key);
  if (padded === undefined) {
    padded = padKey(key instanceof KeyObject ? key.export() : key);
    paddedKeys.set(key, padded);
  }
  return padded;
}

function padKey(bytes: Uint8Array): PaddedKey {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.set(bytes.length > BLOCK_BYTES ? hash("sha256", bytes, "buffer") : bytes);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  outer.set(block.map((byte) => byte ^ 0x5c));
  return { inner: Buffer.from(inner), outer };
}
