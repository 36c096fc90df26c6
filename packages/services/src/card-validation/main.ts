/** The process of card-validation, step 2 of the payment cycle. */
import { runService } from "../platform/run-service.js";
import { cardValidationConfiguration, startCardValidation } from "./service.js";

await runService({
  name: "card-validation",
  configuration: cardValidationConfiguration,
  start: ({ configuration, connection, log }) =>
    startCardValidation({
      connection,
      log,
      keys: { sealing: configuration.CARD_SEALING_KEY, fingerprint: configuration.CARD_FINGERPRINT_KEY },
      messageKeys: configuration.MESSAGE_KEYS,
    }),
});
