import type { Session } from "../../platform/database.js";
import type { Template } from "../render-template.js";

/** The active version of each template in a language; at most one each, held by a unique index. */
export async function readActiveTemplates(session: Session, language: string): Promise<Template[]> {
  const { rows } = await session.query<Template>({
    name: "read-active-templates",
    text: `SELECT name, language, version, subject, body
           FROM notification.templates
           WHERE active AND language = $1`,
    values: [language],
  });
  return rows;
}
