import type { Session } from "../../platform/database.js";
import { IN_USE, type StoredTemplate } from "../stored-template.js";

/** Templates by name and language. */
export async function findTemplates(
  session: Session,
  wanted: {
    readonly name?: string | undefined;
    readonly language?: string | undefined;
    /** Those that follow this one. */
    readonly after?: Pick<StoredTemplate, "name" | "language"> | undefined;
    readonly limit: number;
  },
): Promise<StoredTemplate[]> {
  const { rows } = await session.query<StoredTemplate>({
    text: `SELECT name, language, max(version) FILTER (WHERE ${IN_USE}) AS "activeVersion",
                  max(version) AS "latestVersion", max(create_time) AS "updateTime"
           FROM notification.templates
           WHERE ($1::text IS NULL OR name = $1) AND ($2::text IS NULL OR language = $2)
             AND ($3::text IS NULL OR (name, language) > ($3, $4::text))
           GROUP BY name, language ORDER BY name, language LIMIT $5`,
    values: [
      wanted.name ?? null,
      wanted.language ?? null,
      wanted.after?.name ?? null,
      wanted.after?.language ?? null,
      wanted.limit,
    ],
  });
  return rows;
}
