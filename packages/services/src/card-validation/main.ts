/** The process of card-validation, step 2 of the payment cycle. */
import { runService } from "../platform/run-service.js";
import { cardValidationConfiguration } from "./configuration.js";
import { startCardValidation } from "./service.js";

await runService({
  name: "card-validation",
  configuration: cardValidationConfiguration,
  start: ({ configuration, connection, log }) =>
    startCardValidation({
      connection,
      log,
      storageKeys: configuration.CARD_STORAGE_KEYS,
      keys: { sealing: configuration.CARD_SEALING_KEYS, fingerprint: configuration.CARD_FINGERPRINT_KEYS },
      messageKeys: configuration.MESSAGE_KEYS,
    }),
});
