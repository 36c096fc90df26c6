import type { Session } from "../../platform/database.js";
import type { Template } from "../render-template.js";

/** Versions that are looked at before none is found. */
const MAXIMUM_VERSIONS = 20;

/** The versions of a template that came before this one, the last first. */
export async function readEarlierVersions(
  session: Session,
  { name, language, version }: Pick<Template, "name" | "language" | "version">,
): Promise<Template[]> {
  const { rows } = await session.query<Template>({
    name: "read-earlier-versions",
    text: `SELECT name, language, version, subject, body, html_body AS "htmlBody"
           FROM notification.templates
           WHERE name = $1 AND language = $2 AND version < $3
           ORDER BY version DESC
           LIMIT ${MAXIMUM_VERSIONS}`,
    values: [name, language, version],
  });
  return rows;
}
