/** The process of merchant-bank, step 4 of the payment cycle. */
import { openDatabase } from "../platform/database.js";
import { runService } from "../platform/run-service.js";
import { merchantBankConfiguration, startMerchantBank } from "./service.js";

const NAME = "merchant-bank";

await runService({
  name: NAME,
  configuration: merchantBankConfiguration,
  start: ({ configuration, connection, log }) => {
    const database = openDatabase({
      url: configuration.DATABASE_URL,
      poolSize: configuration.DATABASE_POOL_SIZE,
      service: NAME,
      log,
    });
    return startMerchantBank({ connection, database, log });
  },
});
