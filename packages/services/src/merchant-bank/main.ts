/** The process of merchant-bank, step 4 of the payment cycle. */
import { openDatabase } from "../platform/database.js";
import { runService } from "../platform/run-service.js";
import { startBooksAudit } from "../shared/books-audit.js";
import { merchantBankConfiguration } from "./configuration.js";
import { auditBooks } from "./operations/audit-books.js";
import { startMerchantBank } from "./service.js";

const NAME = "merchant-bank";

await runService({
  name: NAME,
  configuration: merchantBankConfiguration,
  start: async ({ configuration, connection, log, tls }) => {
    const database = openDatabase({
      url: configuration.DATABASE_URL,
      poolSize: configuration.DATABASE_POOL_SIZE,
      service: NAME,
      log,
      tls,
    });
    const service = await startMerchantBank({ connection, database, log, messageKeys: configuration.MESSAGE_KEYS });
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
