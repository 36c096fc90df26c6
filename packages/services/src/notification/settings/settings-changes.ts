/** What a request changes of a merchant's settings, checked. */
import type { UpdateNotificationSettingsRequest } from "../../gen/quittance/notifications/v1/notification_settings.js";
import { idHoldsCardNumber } from "../../shared/card-number-in-text.js";
import { checked } from "../../shared/checked.js";
import { CARD_NUMBER, type FieldCheck, REQUIRED } from "../../shared/field-checks.js";
import { isEmailAddress } from "../channel/email/email-address.js";
import type { EmailRecipient } from "../channel/email/email-recipient.js";
import { EVENT_TYPE_OF_TEMPLATE } from "../event-types.js";
import { isLanguageTag, LANGUAGE_RULE } from "../language-tag.js";
import type { MerchantSettings } from "./merchant-settings.js";

const MAXIMUM_RECIPIENTS = 20;
const PATHS: readonly string[] = ["language", "email_recipients"];
/** The types that have a template. */
const TYPES: readonly string[] = Object.values(EVENT_TYPE_OF_TEMPLATE);

/** @throws ManagementError INVALID_ARGUMENT naming every field that is wrong. */
export function changesOf({ settings, updateMask }: UpdateNotificationSettingsRequest): Partial<MerchantSettings> {
  const paths = updateMask ?? PATHS;
  return checked((check) => {
    check(settings !== undefined, "settings", REQUIRED);
    const isKnown = paths.length > 0 && paths.every((path) => PATHS.includes(path));
    check(isKnown, "update_mask", `must name some of ${PATHS.join(", ")}`);
    const language = settings?.language ?? "";
    checkLanguage(language, "settings.language", check);
    const emailRecipients = checkRecipients(settings?.emailRecipients ?? [], check);
    return {
      ...(paths.includes("language") && { language }),
      ...(paths.includes("email_recipients") && { emailRecipients }),
    };
  });
}

/** Empty for none of one's own. */
function checkLanguage(language: string, field: string, check: FieldCheck): void {
  check(language === "" || isLanguageTag(language), field, LANGUAGE_RULE);
}

function checkRecipients(given: readonly EmailRecipient[], check: FieldCheck): EmailRecipient[] {
  const field = "settings.email_recipients";
  check(given.length <= MAXIMUM_RECIPIENTS, field, `must be at most ${MAXIMUM_RECIPIENTS}`);
  const recipients = given
    .slice(0, MAXIMUM_RECIPIENTS)
    .map((recipient, place) => checkRecipient(recipient, `${field}[${place}]`, check));
  const addresses = new Set(recipients.map(({ address }) => address.toLowerCase()));
  check(addresses.size === recipients.length, field, "must name each address once");
  return recipients;
}

function checkRecipient(
  { address, eventTypes, language }: EmailRecipient,
  field: string,
  check: FieldCheck,
): EmailRecipient {
  const isAddress = isEmailAddress(address);
  check(isAddress, `${field}.address`, "must be the address of one mailbox, in ASCII");
  if (isAddress) check(!idHoldsCardNumber(address), `${field}.address`, CARD_NUMBER);
  checkLanguage(language, `${field}.language`, check);
  const areKnown = eventTypes.every((type) => TYPES.includes(type));
  check(areKnown, `${field}.event_types`, `must be some of ${TYPES.join(", ")}`);
  return { address, language, eventTypes: [...new Set(eventTypes)] };
}
