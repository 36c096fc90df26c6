import type { Session } from "../../platform/database.js";
import { type StoredVersion, VERSION_COLUMNS } from "../stored-template.js";

/** What a version is made of. */
export type NewVersion = Pick<StoredVersion, "name" | "language" | "subject" | "body" | "htmlBody"> & {
  readonly creator: string;
  /** The creator's, for which it is made. */
  readonly requestId: string;
};

/**
 * Adds the next version of a template. Undefined when somebody else added one with the same number, or has made a version
 * for this request: look for it again.
 */
export async function insertTemplateVersion(session: Session, version: NewVersion): Promise<StoredVersion | undefined> {
  const { name, language, subject, body, htmlBody, creator, requestId } = version;
  const { rows } = await session.query<StoredVersion>({
    text: `INSERT INTO notification.templates (name, language, version, subject, body, html_body, creator)
           SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6
           FROM notification.templates WHERE name = $1 AND language = $2
           HAVING NOT EXISTS (SELECT FROM notification.template_actions WHERE actor = $6 AND request_id = $7)
           ON CONFLICT DO NOTHING
           RETURNING ${VERSION_COLUMNS}`,
    values: [name, language, subject, body, htmlBody, creator, requestId],
  });
  return rows[0];
}
