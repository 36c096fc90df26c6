/** NotificationSettingsService: a merchant's own settings, by the subject of its token. */
import type {
  NotificationSettings,
  NotificationSettingsServiceServer,
} from "../../gen/quittance/notifications/v1/notification_settings.js";
import type { Database } from "../../platform/database.js";
import type { ServiceHandlers } from "../../shared/answer-management.js";
import { ManagementError } from "../../shared/management-error.js";
import { readMerchantSettings } from "../operations/read-merchant-settings.js";
import { writeMerchantSettings } from "../operations/write-merchant-settings.js";
import type { StoredSettings } from "./merchant-settings.js";
import { changesOf } from "./settings-changes.js";

const SERVICE = "quittance.notifications.v1.NotificationSettingsService";

export interface SettingsParts {
  readonly database: Pick<Database, "transaction" | "autoCommit">;
  /** Whether there is a mail server. */
  readonly hasEmail: boolean;
}

export function settingsHandlers({
  database,
  hasEmail,
}: SettingsParts): ServiceHandlers<typeof SERVICE, NotificationSettingsServiceServer> {
  return {
    [`${SERVICE}/GetNotificationSettings`]: async ({ actor }) => {
      const stored = await database.autoCommit((session) => readMerchantSettings(session, actor));
      return { settings: settingsResource(stored) };
    },

    [`${SERVICE}/UpdateNotificationSettings`]: async ({ actor, request }) => {
      const changes = changesOf(request);
      if (!hasEmail && (changes.emailRecipients?.length ?? 0) > 0) {
        throw new ManagementError("FAILED_PRECONDITION", "EMAIL_NOT_CONFIGURED", "This installation sends no e-mail.");
      }
      const stored = await database.transaction(async (session) => {
        await writeMerchantSettings(session, actor, changes);
        return readMerchantSettings(session, actor);
      });
      return { settings: settingsResource(stored) };
    },
  };
}

function settingsResource(stored: StoredSettings | undefined): NotificationSettings {
  if (stored === undefined) return { language: "", emailRecipients: [], updateTime: undefined };
  const refusals = new Map(stored.refused.map((refusal) => [refusal.address, refusal]));
  return {
    language: stored.language,
    emailRecipients: stored.emailRecipients.map(({ address, language, eventTypes }) => ({
      ...{ address, language, eventTypes: [...eventTypes] },
      refuseTime: refusals.get(address)?.refuseTime,
      refuseReason: refusals.get(address)?.reason ?? "",
    })),
    updateTime: stored.updateTime,
  };
}
