/** E-mail: what a merchant's settings ask for is kept in the table of e-mails, and handed over to the mail server from there. */
import type { Database } from "../../../platform/database.js";
import type { Logger } from "../../../platform/log.js";
import type { ClientTls } from "../../../platform/tls.js";
import type { ActiveTemplates } from "../../active-templates.js";
import { readMerchantSettings } from "../../operations/read-merchant-settings.js";
import type { TemplateRenderer } from "../../render-template.js";
import { disabledEndpointVariables } from "../../template-variables.js";
import type { Channel } from "../channel.js";
import { composeEmails, type EmailMatter } from "./compose-emails.js";
import { EmailSender, type EmailSenderOptions } from "./email-sender.js";
import { openMailer } from "./open-mailer.js";
import { insertEmails } from "./operations/insert-emails.js";
import type { SmtpTarget } from "./smtp-target.js";

/** E-mails of one merchant that may wait: beyond them, further ones are given up. */
const MAXIMUM_WAITING = 1_000;
/** E-mails that are recorded in one statement. */
const MAXIMUM_BATCH = 200;

export interface EmailSettings {
  readonly target: SmtpTarget;
  readonly tls?: Pick<ClientTls, "clientOptions"> | undefined;
  readonly sender?: Partial<Pick<EmailSenderOptions, "leaseMs" | "pollIntervalMs" | "retry" | "breaker">> | undefined;
  /** How long one attempt may take [15,000]. */
  readonly timeoutMs?: number | undefined;
  /** [1,000] */
  readonly maximumWaiting?: number | undefined;
}

export interface EmailChannelOptions extends EmailSettings {
  readonly database: Database;
  readonly templates: ActiveTemplates;
  readonly renderer: TemplateRenderer;
  readonly log: Logger;
}

export function openEmailChannel(options: EmailChannelOptions): Channel {
  const { database, log, templates, target, tls, timeoutMs, maximumWaiting = MAXIMUM_WAITING } = options;
  const mailer = openMailer({ target, tls, timeoutMs });
  const sender = new EmailSender({ database, mailer, log, ...options.sender });

  return {
    async tell({ ends, recorded }) {
      if (recorded.recipients.length === 0) return;
      // A payment or refund has one end: what comes again is the same.
      const matters = ends.map((end) => ({ ...end, about: `${end.refundId || end.paymentId}_${end.templateName}` }));
      const emails = composeEmails(matters, recorded.recipients, options);
      for (let start = 0; start < emails.length; start += MAXIMUM_BATCH) {
        const batch = emails.slice(start, start + MAXIMUM_BATCH);
        const { queued, overflowed } = await database.autoCommit((session) =>
          insertEmails(session, batch, { maximumWaiting }),
        );
        if (queued > 0) sender.wake();
        if (overflowed > 0)
          log.warn(
            { channel: "email", size: overflowed },
            "too many e-mails of a merchant wait: further ones are given up",
          );
      }
    },
    async tellDisabled(transaction, { endpoint, eventId }) {
      const { merchantId } = endpoint;
      const settings = await readMerchantSettings(transaction, merchantId);
      if (settings === undefined) return;
      await templates.refresh(transaction);
      const recipients = { merchantId, language: settings.language, recipients: settings.emailRecipients };
      const matter: EmailMatter = {
        ...{ about: eventId, merchantId, templateName: "webhook-endpoint-disabled", traceId: null },
        variables: () => disabledEndpointVariables(endpoint),
      };
      const emails = composeEmails([matter], [recipients], options);
      // The sender finds it when it looks next: there is no haste.
      if (emails.length > 0) await insertEmails(transaction, emails, { maximumWaiting });
    },
    breaker: () => sender.breaker,
    async drain(drain) {
      await sender.drain(drain);
      mailer.close();
    },
  };
}
