import { z } from "zod";
import { databaseConfiguration } from "../platform/configuration.js";
import { booksAuditConfiguration } from "../shared/books-audit.js";
import { messageKeys } from "../shared/message-keys.js";
import type { GuessLimits } from "./card-guesses.js";

const guessMaximum = z.coerce.number().int().min(0).max(1_000_000_000);
const windowSeconds = z.coerce.number().int().min(1).max(31_536_000);

/** What client-bank reads from the environment, in addition to what every service reads. */
export const clientBankConfiguration = {
  ...databaseConfiguration,
  ...booksAuditConfiguration,
  /** Signs what goes to its neighbours, and shows who wrote what comes. */
  MESSAGE_KEYS: messageKeys("client-bank"),
  /** How long the money of a payment that is captured by hand is held, in seconds. */
  HOLD_SECONDS: z.coerce.number().int().min(1).max(31_536_000).default(604_800),
  /** Seconds between two looks for holds that have expired. */
  HOLD_SWEEP_SECONDS: z.coerce.number().int().min(1).max(3_600).default(10),
  /** Wrong expiry dates of one card in a window, after which its payments are declined; 0 for no limit. */
  CARD_GUESSES_MAXIMUM: guessMaximum.default(5),
  CARD_GUESSES_WINDOW_SECONDS: windowSeconds.default(86_400),
  /** Unknown cards and wrong expiry dates of one merchant in a window, after which its payments are declined; 0 for no limit. */
  MERCHANT_GUESSES_MAXIMUM: guessMaximum.default(500),
  MERCHANT_GUESSES_WINDOW_SECONDS: windowSeconds.default(3_600),
};

/** The limits that the settings make. */
export function guessLimitsOf(settings: z.infer<z.ZodObject<typeof clientBankConfiguration>>): GuessLimits {
  return {
    perCard: { maximum: settings.CARD_GUESSES_MAXIMUM, windowMs: settings.CARD_GUESSES_WINDOW_SECONDS * 1_000 },
    perMerchant: {
      maximum: settings.MERCHANT_GUESSES_MAXIMUM,
      windowMs: settings.MERCHANT_GUESSES_WINDOW_SECONDS * 1_000,
    },
  };
}
