import type { Session } from "../../platform/database.js";
import type { MerchantSettings } from "../settings/merchant-settings.js";

/** Sets what is given, and leaves the rest as it is. Of two that change the same setting, the later stands. */
export async function writeMerchantSettings(
  session: Session,
  merchantId: string,
  { language, emailRecipients }: Partial<MerchantSettings>,
): Promise<void> {
  await session.query({
    text: `INSERT INTO notification.merchant_settings AS settings (merchant_id, language, email_recipients)
           VALUES ($1, coalesce($2, ''), coalesce($3::jsonb, '[]'))
           ON CONFLICT (merchant_id) DO UPDATE
           SET language = coalesce($2, settings.language),
               email_recipients = coalesce($3::jsonb, settings.email_recipients),
               update_time = clock_timestamp()`,
    values: [merchantId, language ?? null, emailRecipients === undefined ? null : JSON.stringify(emailRecipients)],
  });
}
