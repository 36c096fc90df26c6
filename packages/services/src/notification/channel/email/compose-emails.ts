/** From what merchants are told, and what they want, to the e-mails that tell it. */
import type { Logger } from "../../../platform/log.js";
import { type ActiveTemplates, TemplateMissingError } from "../../active-templates.js";
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

/** What merchants are told by e-mail. */
export interface EmailMatter extends Pick<ToldEnd, "merchantId" | "templateName" | "traceId" | "variables"> {
  /** Names it: what comes again is the same, and nobody is told it twice. */
  readonly about: string;
}

/** The e-mails that tell some matters: one for each recipient who takes the matter's type. */
export function composeEmails(
  matters: readonly EmailMatter[],
  merchants: readonly MerchantRecipients[],
  options: ComposeEmailOptions,
): ComposedEmail[] {
  const byId = new Map(merchants.map((merchant) => [merchant.merchantId, merchant]));
  return matters.flatMap((matter) => {
    const merchant = byId.get(matter.merchantId);
    const type = EVENT_TYPE_OF_TEMPLATE[matter.templateName];
    const takers = merchant?.recipients.filter(
      ({ eventTypes }) => eventTypes.length === 0 || eventTypes.includes(type),
    );
    return (takers ?? []).flatMap((recipient) =>
      composeEmail(matter, recipient, recipient.language || merchant?.language, options),
    );
  });
}

function composeEmail(
  { about, merchantId, templateName, traceId, variables: variablesIn }: EmailMatter,
  { address }: EmailRecipient,
  language: string | undefined,
  { templates, renderer, log }: ComposeEmailOptions,
): ComposedEmail[] {
  try {
    const template = templates.get(templateName, language || undefined);
    const variables = variablesIn(template.language);
    const { subject, body } = renderer.render(template, variables);
    const htmlBody = template.htmlBody ? renderer.renderPart(template, "htmlBody", variables) : null;
    return [
      {
        ...{ about, merchantId, address, templateName, subject, body, htmlBody, traceId },
        templateVersion: template.version,
        language: template.language,
      },
    ];
  } catch (error) {
    if (!(error instanceof TemplateError || error instanceof TemplateMissingError)) throw error;
    // An e-mail that cannot be written holds nobody up: neither an end nor what is done with an endpoint.
    log.error({ about, template: templateName, channel: "email", err: error }, "e-mail not composed");
    return [];
  }
}
