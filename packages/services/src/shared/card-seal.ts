/**
 * Sealing a card: JWE compact serialisation with direct symmetric encryption (`dir`, `A256GCM`, RFC 7516).
 * Gateway and card-validation share the key; docs/decisions.md has the measurement behind the choice.
 */
import { CompactEncrypt, compactDecrypt } from "jose";
import { z } from "zod";

/** A card as its holder gave it; it exists only inside the gateway's request and inside card-validation. */
export const cardDetails = z.object({
  number: z.string().regex(/^[0-9]{12,19}$/),
  expiryMonth: z.int().min(1).max(12),
  expiryYear: z.int().min(1900).max(2200),
  holderName: z.string().min(1).max(80),
});
export type CardDetails = z.infer<typeof cardDetails>;

const HEADER = { alg: "dir", enc: "A256GCM" } as const;

/** Seals a card with a key of 32 bytes. */
export async function sealCard(card: CardDetails, key: Uint8Array): Promise<string> {
  const plaintext = new TextEncoder().encode(JSON.stringify(card));
  return new CompactEncrypt(plaintext).setProtectedHeader(HEADER).encrypt(key);
}

/**
 * Opens a sealed card.
 * @throws when the key is another, the text was changed, or the content is no card; the error never holds the content.
 */
export async function openCard(sealed: string, key: Uint8Array): Promise<CardDetails> {
  const { plaintext } = await compactDecrypt(sealed, key, {
    keyManagementAlgorithms: [HEADER.alg],
    contentEncryptionAlgorithms: [HEADER.enc],
  });
  const card = cardDetails.safeParse(JSON.parse(new TextDecoder().decode(plaintext)));
  if (!card.success) throw new Error("The sealed content is not a card.");
  return card.data;
}
