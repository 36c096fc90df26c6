import type { Session } from "../../platform/database.js";
import { type StoredVersion, VERSION_COLUMNS } from "../stored-template.js";

/** Versions of a template, newest first: all, or those before one. */
export async function findTemplateVersions(
  session: Session,
  wanted: {
    readonly name: string;
    readonly language: string;
    readonly version?: number | undefined;
    /** Only those with a lower number. */
    readonly before?: number | undefined;
    readonly limit: number;
  },
): Promise<StoredVersion[]> {
  const { rows } = await session.query<StoredVersion>({
    text: `SELECT ${VERSION_COLUMNS} FROM notification.templates
           WHERE name = $1 AND language = $2 AND ($3::int IS NULL OR version = $3) AND ($4::int IS NULL OR version < $4)
           ORDER BY version DESC LIMIT $5`,
    values: [wanted.name, wanted.language, wanted.version ?? null, wanted.before ?? null, wanted.limit],
  });
  return rows;
}
