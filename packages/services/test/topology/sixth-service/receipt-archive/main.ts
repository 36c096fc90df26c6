/** The process of receipt-archive: keeps how each payment ended, as it was told. */
import { openDatabase } from "../platform/database.js";
import { runService } from "../platform/run-service.js";
import { Envelopes } from "../shared/envelope.js";
import { startSteps } from "../shared/start-steps.js";
import { receiptArchiveConfiguration } from "./configuration.js";
import { step6Archive } from "./step-6-archive.js";

const NAME = "receipt-archive";

await runService({
  name: NAME,
  configuration: receiptArchiveConfiguration,
  start: async ({ configuration, connection, log, tls }) => {
    const database = openDatabase({
      url: configuration.DATABASE_URL,
      poolSize: configuration.DATABASE_POOL_SIZE,
      service: NAME,
      log,
      tls,
    });
    const envelopes = new Envelopes(NAME, configuration.MESSAGE_KEYS, log);
    const handlers = { "6": step6Archive(database) };
    const { steps, drain } = await startSteps(NAME, handlers, { connection, envelopes, log });
    return {
      checks: { database: () => database.problem() },
      steps,
      async drain(options) {
        await drain(options);
        await database.close();
      },
    };
  },
});
