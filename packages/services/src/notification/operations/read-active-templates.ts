import type { Session } from "../../platform/database.js";
import type { Template } from "../render-template.js";
import { IN_USE } from "../stored-template.js";

/** The version in use of each template in each language; at most one each, held by a unique index. */
export async function readActiveTemplates(session: Session): Promise<Template[]> {
  const { rows } = await session.query<Template>({
    name: "read-active-templates",
    text: `SELECT name, language, version, subject, body, html_body AS "htmlBody"
           FROM notification.templates
           WHERE ${IN_USE}`,
  });
  return rows;
}
