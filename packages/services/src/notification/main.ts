/** The process of notification, step 5a of the payment cycle. */
import { openDatabase } from "../platform/database.js";
import { runService } from "../platform/run-service.js";
import { smtpTargetOf } from "./channel/email/smtp-target.js";
import { notificationConfiguration, webhookTargetOf } from "./configuration.js";
import { startNotification } from "./service.js";

const DAY_MS = 24 * 3_600 * 1_000;

await runService({
  name: "notification",
  configuration: notificationConfiguration,
  start: ({ configuration, connection, log, tls }) => {
    const webhook = webhookTargetOf(configuration);
    const target = smtpTargetOf(configuration);
    const { WEBHOOK_SEALING_KEYS: sealingKeys, WEBHOOK_ALLOW_PRIVATE: allowPrivate } = configuration;
    const leaseMs = configuration.WEBHOOK_LEASE_SECONDS * 1_000;
    return startNotification({
      connection,
      log,
      messageKeys: configuration.MESSAGE_KEYS,
      language: configuration.NOTIFICATION_LANGUAGE,
      ...(webhook !== undefined && { webhook }),
      sender: { leaseMs },
      ...(sealingKeys !== undefined && { endpoints: { sealingKeys, allowPrivate } }),
      deliveries: { leaseMs, disableAfterMs: configuration.WEBHOOK_DISABLE_AFTER_DAYS * DAY_MS },
      ...(target !== undefined && {
        email: { target, tls, sender: { leaseMs: configuration.EMAIL_LEASE_SECONDS * 1_000 } },
      }),
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
