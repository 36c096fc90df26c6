import type { Session } from "../../platform/database.js";

/** Of two that change which version is active, the second waits here for the first. @returns whether there is a version. */
export async function lockTemplate(
  session: Session,
  { name, language }: { readonly name: string; readonly language: string },
): Promise<boolean> {
  const { rows } = await session.query({
    text: "SELECT version FROM notification.templates WHERE name = $1 AND language = $2 ORDER BY version FOR UPDATE",
    values: [name, language],
  });
  return rows.length > 0;
}
