import { renamed } from "../platform/configuration.js";
import { keyRing } from "../platform/key-ring.js";
import { messageKeys } from "../shared/message-keys.js";

/** What card-validation reads from the environment, in addition to what every service reads. */
export const cardValidationConfiguration = {
  /** Open sealed cards; the gateway has the same. */
  CARD_SEALING_KEYS: renamed("CARD_SEALING_KEY", keyRing()),
  /** The first makes the fingerprints of card numbers; the operator's command line has the same. */
  CARD_FINGERPRINT_KEYS: renamed("CARD_FINGERPRINT_KEY", keyRing()),
  /** The first seals the cards that operators give to clients, for the bank to store; without it none is registered. */
  CARD_STORAGE_KEYS: keyRing().optional(),
  /** Signs what goes to client-bank. */
  MESSAGE_KEYS: messageKeys("card-validation"),
};
