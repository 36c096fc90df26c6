/**
 * Sealing a card: JWE compact serialisation with direct symmetric encryption (`dir`, `A256GCM`, RFC 7516 and 7518).
 * Gateway and card-validation share the key; docs/decisions.md has the measurement behind the choice.
 *
 * It is written with node:crypto: jose makes the same text at more than ten times the cost (bench/seal.ts), half of
 * what a payment may cost at the gateway. The tests let jose open what this seals, and the other way round.
 *
 * The protected header is authenticated with the card: it names the key, and carries a digest of the message that the
 * card travels in. A sealed card that is copied into another message does not open there.
 *
 * The initialisation vector is random, so one key is good for 2^32 cards (NIST SP 800-38D, section 8.3).
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import type { RingKey } from "../platform/key-ring.js";
import { pooledRandomBytes } from "../platform/random-bytes.js";
import { messageDigest } from "./message-digest.js";
import { countCharacters } from "./plain-text.js";

/** A card as its holder gave it; it exists only inside the gateway's request and inside card-validation. */
export const cardDetails = z.object({
  number: z.string().regex(/^[0-9]{12,19}$/),
  expiryMonth: z.int().min(1).max(12),
  expiryYear: z.int().min(1900).max(2200),
  holderName: z
    .string()
    .min(1)
    .refine((text) => countCharacters(text) <= 80),
});
export type CardDetails = z.infer<typeof cardDetails>;

const CIPHER = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_LENGTH = 11;
/** The protected header; its text is also the additional authenticated data (RFC 7516, section 5.1, step 14). */
const protectedHeader = z.object({
  alg: z.literal("dir"),
  enc: z.literal("A256GCM"),
  /** Which key: there can be several while one takes the place of another. */
  kid: z.string(),
  /** A private parameter (RFC 7516, section 4.3): {@link messageDigest} of the message that the card belongs to. */
  message: z.string(),
});

/** The card is sealed into another message than the one that it came in. */
export class ForeignSealError extends Error {
  override readonly name = "ForeignSealError";
}

/** The card is sealed with a key that the opener does not have. */
export class OtherKeyError extends Error {
  override readonly name = "OtherKeyError";
}

/** What a card is sealed into: the message that it travels in, or the record that holds it, as JSON has it. */
export type SealedInto = Readonly<Record<string, unknown>>;

interface ImportedKey {
  /** In the form that node:crypto takes without looking at it again. */
  readonly object: KeyObject;
  readonly id: string;
}

const imported = new WeakMap<Uint8Array, ImportedKey>();

/** Seals a card with a key of 32 bytes, bound to everything in its message but `sealedCard`. */
export async function sealCard(card: CardDetails, key: Uint8Array, message: SealedInto): Promise<string> {
  const { object, id } = importedKey(key);
  const header = base64url(
    Buffer.from(JSON.stringify({ alg: "dir", enc: "A256GCM", kid: id, message: messageDigest(message) })),
  );
  const iv = pooledRandomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, object, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(header, "ascii"));
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(card), "utf8"), cipher.final()]);
  // The second of the five parts is the encrypted key; `dir` has none.
  return [header, "", base64url(iv), base64url(ciphertext), base64url(cipher.getAuthTag())].join(".");
}

/**
 * Opens a card that came in `message`, with the one of `keys` that its header names.
 * @throws ForeignSealError when it was sealed into another message, whatever differs.
 * @throws OtherKeyError when the header names none of the keys.
 * @throws Error when the text was changed, or the content is no card. No error holds the content.
 */
export async function openCard(
  sealed: string,
  keys: readonly Pick<RingKey, "bytes">[],
  message: SealedInto,
): Promise<CardDetails> {
  const [header = "", encryptedKey, iv, ciphertext, tag, ...rest] = sealed.split(".");
  const read = protectedHeader.safeParse(parsed(bytes(header).toString("utf8")));
  if (!read.success || encryptedKey !== "" || !iv || !ciphertext || !tag || rest.length > 0) {
    throw new Error("The text is not a sealed card: it is no JWE with dir and A256GCM.");
  }
  const named = keys.map(({ bytes }) => importedKey(bytes)).find(({ id }) => id === read.data.kid);
  if (named === undefined) throw new OtherKeyError("The card is sealed with another key.");
  const text = decrypt({ header, iv, ciphertext, tag }, named.object);
  // Compared once the tag has shown that the header is the sealer's.
  if (read.data.message !== messageDigest(message))
    throw new ForeignSealError("The card is sealed into another message.");
  const card = cardDetails.safeParse(parsed(text));
  if (!card.success) throw new Error("The sealed content is not a card.");
  return card.data;
}

/** The id that seals name a key by: it tells keys apart and nothing of them. */
export function sealKeyIdOf(key: Uint8Array): string {
  return importedKey(key).id;
}

/** The id of the key that a card is sealed with, as its header says; undefined of what is no sealed card. */
export function sealKeyIdOfText(sealed: string): string | undefined {
  const [header = ""] = sealed.split(".", 1);
  const read = protectedHeader.safeParse(parsed(bytes(header).toString("utf8")));
  return read.success ? read.data.kid : undefined;
}

interface JweParts {
  readonly header: string;
  readonly iv: string;
  readonly ciphertext: string;
  readonly tag: string;
}

function decrypt(parts: JweParts, key: KeyObject): string {
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes(parts.iv), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(parts.header, "ascii"))
      .setAuthTag(bytes(parts.tag));
    // `final` is what checks the tag: nothing is read before it has returned.
    return Buffer.concat([decipher.update(bytes(parts.ciphertext)), decipher.final()]).toString("utf8");
  } catch (error) {
    throw new Error("The sealed card cannot be opened: the key is another, or the text was changed.", { cause: error });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own sentence would hold a part of the text.
    return undefined;
  }
}

function importedKey(key: Uint8Array): ImportedKey {
  let known = imported.get(key);
  if (known === undefined) {
    const object = createSecretKey(key);
    // Tells keys apart and nothing of them.
    const id = createHmac("sha256", object)
      .update("quittance card seal kid")
      .digest("base64url")
      .slice(0, KEY_ID_LENGTH);
    known = { object, id };
    imported.set(key, known);
  }
  return known;
}

function base64url(content: Buffer): string {
  return content.toString("base64url");
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "base64url");
}
