import type { Session } from "../../../../platform/database.js";

/** An e-mail ready to be queued. */
export interface ComposedEmail {
  /** What is told, for example a payment's end by the template of its name: nobody is told it twice. */
  readonly about: string;
  readonly merchantId: string;
  readonly address: string;
  readonly templateName: string;
  readonly templateVersion: number;
  readonly language: string;
  readonly subject: string;
  readonly body: string;
  /** Null: it is made from the body. */
  readonly htmlBody: string | null;
  readonly traceId: string | null;
}

/** What became of those that were not queued before. */
export interface QueuedEmails {
  readonly queued: number;
  /** Recorded as given up, because the merchant has too many that wait. */
  readonly overflowed: number;
}

/**
 * Queues e-mails that are not recorded yet. An address that was refused since its merchant named it last gets none. Of a
 * merchant with `maximumWaiting` that wait, further ones are given up at once.
 */
export async function insertEmails(
  session: Session,
  emails: readonly ComposedEmail[],
  { maximumWaiting }: { readonly maximumWaiting: number },
): Promise<QueuedEmails> {
  const rows = emails.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
  const { rows: inserted } = await session.query<{ readonly state: string }>({
    name: "insert-emails",
    text: `WITH given AS (
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[],
                                  $8::text[], $9::text[], $10::text[])
               AS one (about, merchant_id, address, template_name, template_version, language, subject, body, html_body,
                       trace_id)
           ), crowded AS (
             SELECT merchant_id FROM (SELECT DISTINCT merchant_id FROM given) AS merchant
             WHERE (SELECT count(*) FROM (
                      SELECT FROM notification.emails AS waiting
                      WHERE waiting.merchant_id = merchant.merchant_id AND waiting.state IN ('pending', 'failed')
                      LIMIT $11) AS waiting) >= $11
           )
           INSERT INTO notification.emails
             (about, merchant_id, address, template_name, template_version, language, subject, body, html_body, trace_id,
              state, next_attempt_time, last_error)
           SELECT given.*,
                  CASE WHEN crowded.merchant_id IS NULL THEN 'pending' ELSE 'gave-up' END,
                  CASE WHEN crowded.merchant_id IS NULL THEN now() END,
                  CASE WHEN crowded.merchant_id IS NOT NULL THEN 'too many e-mails of the merchant wait' END
           FROM given LEFT JOIN crowded USING (merchant_id)
           WHERE NOT EXISTS (
             SELECT FROM notification.refused_addresses AS refused
             WHERE refused.address = given.address
               AND refused.refuse_time >= (SELECT settings.update_time FROM notification.merchant_settings AS settings
                                           WHERE settings.merchant_id = given.merchant_id))
           ON CONFLICT ON CONSTRAINT emails_once DO NOTHING
           RETURNING state`,
    values: [
      rows.map((row) => row.about),
      rows.map((row) => row.merchantId),
      rows.map((row) => row.address),
      rows.map((row) => row.templateName),
      rows.map((row) => row.templateVersion),
      rows.map((row) => row.language),
      rows.map((row) => row.subject),
      rows.map((row) => row.body),
      rows.map((row) => row.htmlBody),
      rows.map((row) => row.traceId),
      maximumWaiting,
    ],
  });
  const queued = inserted.filter(({ state }) => state === "pending").length;
  return { queued, overflowed: inserted.length - queued };
}

function keyOf({ about, address }: ComposedEmail): string {
  return `${about} ${address}`;
}
