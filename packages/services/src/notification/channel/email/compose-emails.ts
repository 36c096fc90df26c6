/** From ends and what their merchants want to the e-mails that tell them. */
import type { Logger } from "../../../platform/log.js";
import type { ActiveTemplates } from "../../active-templates.js";
import { EVENT_TYPE_OF_TEMPLATE } from "../../event-types.js";
import { TemplateError, type TemplateRenderer } from "../../render-template.js";
import type { ToldEnd } from "../../told-end.js";
import type { EmailRecipient, MerchantRecipients } from "./email-recipient.js";
import type { ComposedEmail } from "./operations/insert-emails.js";

export interface ComposeEmailOptions {
  readonly templates: ActiveTemplates;
  readonly renderer: TemplateRenderer;
  readonly log: Logger;
}

/** The e-mails of a batch of ends: one for each recipient who takes the end's type. */
export function composeEmails(
  ends: readonly ToldEnd[],
  merchants: readonly MerchantRecipients[],
  options: ComposeEmailOptions,
): ComposedEmail[] {
  const byId = new Map(merchants.map((merchant) => [merchant.merchantId, merchant]));
  return ends.flatMap((end) => {
    const merchant = byId.get(end.merchantId);
    const type = EVENT_TYPE_OF_TEMPLATE[end.templateName];
    const takers = merchant?.recipients.filter(
      ({ eventTypes }) => eventTypes.length === 0 || eventTypes.includes(type),
    );
    return (takers ?? []).flatMap((recipient) =>
      composeEmail(end, recipient, recipient.language || merchant?.language, options),
    );
  });
}

function composeEmail(
  end: ToldEnd,
  { address }: EmailRecipient,
  language: string | undefined,
  { templates, renderer, log }: ComposeEmailOptions,
): ComposedEmail[] {
  const { merchantId, paymentId, refundId, templateName, traceId } = end;
  const template = templates.get(templateName, language || undefined);
  try {
    const variables = end.variables(template.language);
    const { subject, body } = renderer.render(template, variables);
    const htmlBody = template.htmlBody ? renderer.renderPart(template, "htmlBody", variables) : null;
    return [
      {
        // A payment or refund has one end: what comes again is the same.
        about: `${refundId || paymentId}_${templateName}`,
        ...{ merchantId, address, templateName, subject, body, htmlBody, traceId },
        templateVersion: template.version,
        language: template.language,
      },
    ];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    // The payment itself was told by a template that can: a merchant's own language holds nobody up.
    log.error(
      { payment: paymentId, refund: refundId || undefined, channel: "email", err: error },
      "e-mail not composed",
    );
    return [];
  }
}
