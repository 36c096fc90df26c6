/**
 * Sealing a card: JWE compact serialisation with direct symmetric encryption (`dir`, `A256GCM`, RFC 7516 and 7518).
 * Gateway and card-validation share the key; docs/decisions.md has the measurement behind the choice.
 *
 * It is written with node:crypto: jose makes the same text at more than ten times the cost (bench/seal.ts), half of
 * what a payment may cost at the gateway. The tests let jose open what this seals, and the other way round.
 *
 * The initialisation vector is random, so one key is good for 2^32 cards (NIST SP 800-38D, section 8.3).
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { z } from "zod";

/** A card as its holder gave it; it exists only inside the gateway's request and inside card-validation. */
export const cardDetails = z.object({
  number: z.string().regex(/^[0-9]{12,19}$/),
  expiryMonth: z.int().min(1).max(12),
  expiryYear: z.int().min(1900).max(2200),
  holderName: z.string().min(1).max(80),
});
export type CardDetails = z.infer<typeof cardDetails>;

const CIPHER = "aes-256-gcm";
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The protected header; its text is also the additional authenticated data (RFC 7516, section 5.1, step 14). */
const HEADER = Buffer.from(JSON.stringify({ alg: "dir", enc: "A256GCM" })).toString("base64url");
const AUTHENTICATED = Buffer.from(HEADER, "ascii");

/** Keys in the form that node:crypto takes without looking at them again. */
const imported = new WeakMap<Uint8Array, KeyObject>();

/** Seals a card with a key of 32 bytes. */
export async function sealCard(card: CardDetails, key: Uint8Array): Promise<string> {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, keyObject(key), iv, { authTagLength: TAG_BYTES }).setAAD(AUTHENTICATED);
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(card), "utf8"), cipher.final()]);
  // The second of the five parts is the encrypted key, of which `dir` has none.
  return [HEADER, "", base64url(iv), base64url(ciphertext), base64url(cipher.getAuthTag())].join(".");
}

/**
 * Opens a sealed card.
 * @throws when the key is another, the text was changed, or the content is no card; the error never holds the content.
 */
export async function openCard(sealed: string, key: Uint8Array): Promise<CardDetails> {
  const [header, encryptedKey, iv, ciphertext, tag, ...rest] = sealed.split(".");
  if (header !== HEADER || encryptedKey !== "" || !iv || !ciphertext || !tag || rest.length > 0) {
    throw new Error("The text is not a sealed card: it is no JWE with dir and A256GCM.");
  }
  const text = decrypt({ iv, ciphertext, tag }, key);
  const card = cardDetails.safeParse(parsed(text));
  if (!card.success) throw new Error("The sealed content is not a card.");
  return card.data;
}

function decrypt(parts: { readonly iv: string; readonly ciphertext: string; readonly tag: string }, key: Uint8Array) {
  try {
    const decipher = createDecipheriv(CIPHER, keyObject(key), bytes(parts.iv), { authTagLength: TAG_BYTES })
      .setAAD(AUTHENTICATED)
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

function keyObject(key: Uint8Array): KeyObject {
  let object = imported.get(key);
  if (object === undefined) {
    object = createSecretKey(key);
    imported.set(key, object);
  }
  return object;
}

function base64url(content: Buffer): string {
  return content.toString("base64url");
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "base64url");
}
