/** The process of client-bank, steps 3 and 5b of the payment cycle. */
import { openDatabase } from "../platform/database.js";
import { runService } from "../platform/run-service.js";
import { clientBankConfiguration, startClientBank } from "./service.js";

const NAME = "client-bank";

await runService({
  name: NAME,
  configuration: clientBankConfiguration,
  start: ({ configuration, connection, log }) => {
    const database = openDatabase({
      url: configuration.DATABASE_URL,
      poolSize: configuration.DATABASE_POOL_SIZE,
      service: NAME,
      log,
    });
    return startClientBank({ connection, database, log });
  },
});
