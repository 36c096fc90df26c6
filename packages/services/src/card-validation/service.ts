/** card-validation: step 2 of the payment cycle, and the cards that operators give to clients. */
import type { Connection } from "@quittance/sdk";
import type { KeyRing } from "../platform/key-ring.js";
import type { Logger } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { Envelopes } from "../shared/envelope.js";
import type { MessageKeys } from "../shared/message-keys.js";
import { respondSigned } from "../shared/respond-signed.js";
import { startSteps } from "../shared/start-steps.js";
import { registerCard } from "./register-card.js";
import { type CardKeys, step2Validate } from "./step-2-validate.js";

/** Cards that are registered at once: they are few, and payments come first. */
const REGISTRATION_CONCURRENCY = 2;

/** Starts step 2, and registers cards, on `connection`. */
export async function startCardValidation(options: {
  readonly connection: Connection;
  readonly keys: CardKeys;
  /** Seal what the bank stores of a client's card [no card is registered]. */
  readonly storageKeys?: KeyRing | undefined;
  readonly messageKeys: MessageKeys;
  readonly log: Logger;
}): Promise<RunningService> {
  const { connection, keys, storageKeys, log } = options;
  const envelopes = new Envelopes("card-validation", options.messageKeys, log);
  const tools = { keys, log, envelopes, keyIsProven: false };
  const handlers = { "2": (batch: Parameters<typeof step2Validate>[1]) => step2Validate(tools, batch) };
  const cycle = await startSteps("card-validation", handlers, { connection, envelopes, log });
  const registrations = await respondSigned(
    { connection, envelopes, log },
    "card-registration",
    (request) => registerCard({ keys, storageKeys, envelopes, log }, request),
    { concurrency: REGISTRATION_CONCURRENCY, failure: "card not registered" },
  );
  return {
    steps: cycle.steps,
    async drain(drain) {
      await Promise.all([cycle.drain(drain), registrations.drain(drain)]);
    },
  };
}
