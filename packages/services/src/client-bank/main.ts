/** The process of client-bank, steps 3 and 5b of the payment cycle. */
import { openDatabase } from "../platform/database.js";
import { runService } from "../platform/run-service.js";
import { startBooksAudit } from "../shared/books-audit.js";
import { clientBankConfiguration, guessLimitsOf } from "./configuration.js";
import { auditBooks } from "./operations/audit-books.js";
import { startClientBank } from "./service.js";

const NAME = "client-bank";

await runService({
  name: NAME,
  configuration: clientBankConfiguration,
  start: async ({ configuration, connection, log, tls }) => {
    const database = openDatabase({
      url: configuration.DATABASE_URL,
      poolSize: configuration.DATABASE_POOL_SIZE,
      service: NAME,
      log,
      tls,
    });
    const service = await startClientBank({
      connection,
      database,
      log,
      messageKeys: configuration.MESSAGE_KEYS,
      guessLimits: guessLimitsOf(configuration),
      holdMs: configuration.HOLD_SECONDS * 1_000,
      holdSweepMs: configuration.HOLD_SWEEP_SECONDS * 1_000,
      readConcurrency: Math.max(1, Math.floor(configuration.DATABASE_POOL_SIZE / 2)),
    });
    const intervalSeconds = configuration.BOOKS_AUDIT_SECONDS;
    const audit = startBooksAudit({ database, log, intervalSeconds, auditBooks });
    return {
      ...service,
      drain: async (options) => {
        await audit.stop();
        await service.drain(options);
      },
    };
  },
});
