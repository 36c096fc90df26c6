import type { Session } from "../../platform/database.js";
import type { MerchantSettings, RefusedAddress, StoredSettings } from "../settings/merchant-settings.js";

/** Undefined when the merchant never changed them. */
export async function readMerchantSettings(session: Session, merchantId: string): Promise<StoredSettings | undefined> {
  const { rows } = await session.query<MerchantSettings & { readonly updateTime: Date }>({
    text: `SELECT language, email_recipients AS "emailRecipients", update_time AS "updateTime"
           FROM notification.merchant_settings WHERE merchant_id = $1`,
    values: [merchantId],
  });
  const [settings] = rows;
  if (settings === undefined) return undefined;
  const refused = await session.query<RefusedAddress>({
    text: `SELECT address, reason, refuse_time AS "refuseTime"
           FROM notification.refused_addresses WHERE address = ANY ($1) AND refuse_time >= $2`,
    values: [settings.emailRecipients.map(({ address }) => address), settings.updateTime],
  });
  return { ...settings, refused: refused.rows };
}
