/** What notification reads from the environment, in addition to what every service reads. */
import { z } from "zod";
import { ConfigurationError, databaseConfiguration, renamed } from "../platform/configuration.js";
import { type KeyRing, keyRing } from "../platform/key-ring.js";
import { messageKeys } from "../shared/message-keys.js";
import { smtpConfiguration } from "./channel/email/smtp-target.js";
import type { WebhookTarget } from "./webhook/post-webhook.js";
import { hasPrivateAddress } from "./webhook/public-address.js";
import { webhookSecret } from "./webhook/sign-webhook.js";

export const notificationConfiguration = {
  ...databaseConfiguration,
  /** Shows that client-bank wrote what comes. */
  MESSAGE_KEYS: messageKeys("notification"),
  /** The language of notifications, a BCP 47 tag that has active templates. */
  NOTIFICATION_LANGUAGE: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, "must be a language tag such as `en` or `fr`")
    .default("en"),
  /** Where webhooks are posted; unset for none. */
  WEBHOOK_URL: z
    .url({ protocol: /^https?$/, error: "must be an https:// URL" })
    .transform((text) => new URL(text))
    .refine((url) => url.username === "" && url.password === "", "must not hold a user or a password")
    .optional(),
  /** Each signs every webhook; the receiver has one of them. */
  WEBHOOK_SECRETS: renamed("WEBHOOK_SECRET", keyRing({ key: webhookSecret }).optional()),
  /** Whether webhooks may go to loopback, link-local and private addresses, and over plain HTTP. */
  WEBHOOK_ALLOW_PRIVATE: z.stringbool().default(false),
  /** Seal the secrets of merchants' endpoints in the database; without them no endpoint can be created. */
  WEBHOOK_SEALING_KEYS: keyRing().optional(),
  /** After so many days in which every attempt failed a merchant's endpoint is disabled. */
  WEBHOOK_DISABLE_AFTER_DAYS: z.coerce.number().min(1).max(30).default(5),
  /** After so long the webhooks that a process was posting when it died are posted by another. */
  WEBHOOK_LEASE_SECONDS: z.coerce.number().int().min(6).max(3_600).default(30),
  ...smtpConfiguration,
};

/**
 * Where webhooks go, or undefined when they go nowhere.
 * @throws ConfigurationError for settings that do not go together.
 */
export function webhookTargetOf(settings: {
  readonly WEBHOOK_URL?: URL | undefined;
  readonly WEBHOOK_SECRETS?: KeyRing | undefined;
  readonly WEBHOOK_ALLOW_PRIVATE: boolean;
}): WebhookTarget | undefined {
  const { WEBHOOK_URL: url, WEBHOOK_SECRETS: secrets, WEBHOOK_ALLOW_PRIVATE: allowPrivate } = settings;
  if (url === undefined) return undefined;
  if (secrets === undefined) {
    throw new ConfigurationError("WEBHOOK_URL is set and WEBHOOK_SECRETS is not: webhooks are never sent unsigned.");
  }
  if (!allowPrivate) {
    if (url.protocol !== "https:") {
      throw new ConfigurationError("WEBHOOK_URL must be https://, unless WEBHOOK_ALLOW_PRIVATE is true.");
    }
    if (hasPrivateAddress(url)) {
      throw new ConfigurationError("WEBHOOK_URL is a private address: set WEBHOOK_ALLOW_PRIVATE=true to allow it.");
    }
  }
  return { url, secrets, allowPrivate };
}
