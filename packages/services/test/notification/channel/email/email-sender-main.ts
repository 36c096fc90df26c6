/** A process that sends what is due, to be killed by a test. */
import { EmailSender } from "../../../../dist/notification/channel/email/email-sender.js";
import { openMailer } from "../../../../dist/notification/channel/email/open-mailer.js";
import type { SmtpTarget } from "../../../../dist/notification/channel/email/smtp-target.js";
import { openDatabase } from "../../../../dist/platform/database.js";
import { createLogger } from "../../../../dist/platform/log.js";

const { DATABASE_URL = "", TARGET = "", CA = "" } = process.env;
const log = createLogger("email-sender", "silent");
const database = openDatabase({ url: DATABASE_URL, poolSize: 2, service: "email-sender", log });
const mailer = openMailer({ target: JSON.parse(TARGET) as SmtpTarget, tls: { clientOptions: () => ({ ca: CA }) } });
new EmailSender({ database, mailer, log, leaseMs: 1_000, pollIntervalMs: 20 });
// The test that started it is gone.
process.on("disconnect", () => process.exit(1));
