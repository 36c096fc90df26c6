import type { Session } from "../../../../platform/database.js";

/**
 * Deletes up to `limit` e-mails that were sent or given up and are older than 30 days, and refusals older than a year.
 * @returns how many e-mails
 */
export async function purgeEmails(session: Session, limit: number): Promise<number> {
  const { rows } = await session.query<{ readonly purged: number }>({
    name: "purge-emails",
    text: "SELECT notification.purge_emails($1) AS purged",
    values: [limit],
  });
  return rows[0]?.purged ?? 0;
}
