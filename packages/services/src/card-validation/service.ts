/** card-validation: step 2 of the payment cycle. */
import type { Connection } from "@quittance/sdk";
import type { Logger } from "../platform/log.js";
import type { RunningService } from "../platform/run-service.js";
import { Envelopes } from "../shared/envelope.js";
import type { MessageKeys } from "../shared/message-keys.js";
import { startSteps } from "../shared/start-steps.js";
import { type CardKeys, step2Validate } from "./step-2-validate.js";

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
