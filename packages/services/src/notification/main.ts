/** The process of notification, step 5a of the payment cycle. */
import { openDatabase } from "../platform/database.js";
import { runService } from "../platform/run-service.js";
import { notificationConfiguration, webhookTargetOf } from "./configuration.js";
import { startNotification } from "./service.js";

await runService({
  name: "notification",
  configuration: notificationConfiguration,
  start: ({ configuration, connection, log, tls }) => {
    const webhook = webhookTargetOf(configuration);
    return startNotification({
      connection,
      log,
      messageKeys: configuration.MESSAGE_KEYS,
      language: configuration.NOTIFICATION_LANGUAGE,
      ...(webhook !== undefined && { webhook }),
      sender: { leaseMs: configuration.WEBHOOK_LEASE_SECONDS * 1_000 },
      database: openDatabase({
        url: configuration.DATABASE_URL,
        poolSize: configuration.DATABASE_POOL_SIZE,
        service: "notification",
        log,
        tls,
      }),
    });
  },
});
