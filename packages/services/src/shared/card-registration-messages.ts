/**
 * A card that an operator gives to a client: client-bank asks card-validation, which alone opens what gateways seal, what
 * may be kept of it. Under the same rules as the messages in messages.ts.
 */
import { z } from "zod";
import { MESSAGE_VERSION } from "./messages.js";

const version = z.literal(MESSAGE_VERSION);
const fingerprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** On `card-registration`. */
export const cardRegistration = z.object({
  version,
  /** Into whose row the card is sealed. */
  clientId: z.string().min(1).max(64),
  /** As the gateway sealed it, into the call that it came with. */
  sealedCard: z.string().min(1).max(4_096),
  sealedInto: z.record(z.string(), z.unknown()),
});
export type CardRegistration = z.infer<typeof cardRegistration>;

/** Why a card is not registered. */
export const CARD_REFUSALS = ["INVALID_CARD_NUMBER", "CARD_EXPIRED", "NOT_OPENED", "NO_STORAGE_KEY"] as const;
export type CardRefusal = (typeof CARD_REFUSALS)[number];

/** The answer: what client-bank keeps of the card, or why it is not registered. */
export const cardRegistrationReply = z.union([
  z.object({
    version,
    card: z.object({
      /** Under the bank's storage key, bound to the client. */
      sealedCard: z.string().min(1).max(4_096),
      fingerprint,
      /** Under the other key, while keys of fingerprints change. */
      otherFingerprint: fingerprint.nullable(),
      brand: z.string().min(1).max(32),
      lastFour: z.string().regex(/^[0-9]{4}$/),
      expiryMonth: z.int().min(1).max(12),
      expiryYear: z.int().min(1900).max(2200),
    }),
  }),
  z.object({ version, refused: z.enum(CARD_REFUSALS) }),
]);
export type CardRegistrationReply = z.infer<typeof cardRegistrationReply>;
