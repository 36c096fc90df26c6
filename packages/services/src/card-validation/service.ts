/** card-validation: step 2 of the payment cycle. */
import type { Connection } from "@quittance/sdk";
import { renamed } from "../platform/configuration.js";
import { keyRing } from "../platform/key-ring.js";
import type { Logger } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { Envelopes } from "../shared/envelope.js";
import { type MessageKeys, messageKeys } from "../shared/message-keys.js";
import { startSteps } from "../shared/start-steps.js";
import { type CardKeys, step2Validate } from "./step-2-validate.js";

/** What card-validation reads from the environment besides what every service does. */
export const cardValidationConfiguration = {
  /** Open sealed cards; the gateway has the same. */
  CARD_SEALING_KEYS: renamed("CARD_SEALING_KEY", keyRing()),
  /** The first makes the fingerprints of card numbers; the operator's command line has the same. */
  CARD_FINGERPRINT_KEYS: renamed("CARD_FINGERPRINT_KEY", keyRing()),
  /** Signs what goes to client-bank. */
  MESSAGE_KEYS: messageKeys("card-validation"),
};

/** Starts step 2 on `connection`. */
export async function startCardValidation(options: {
  readonly connection: Connection;
  readonly keys: CardKeys;
  readonly messageKeys: MessageKeys;
  readonly log: Logger;
}): Promise<RunningService> {
  const { connection, keys, log } = options;
  const envelopes = new Envelopes("card-validation", options.messageKeys, log);
  const tools = { keys, log, envelopes, keyIsProven: false };
  return startSteps("card-validation", { "2": (batch) => step2Validate(tools, batch) }, { connection, envelopes, log });
}
