import type { Session } from "../../platform/database.js";

/** Puts one version of a template into use and takes the others out of it. Call it with the template locked. */
export async function activateVersion(
  session: Session,
  { name, language, version }: { readonly name: string; readonly language: string; readonly version: number },
): Promise<void> {
  // Two statements: the index that allows one active version looks at each row as it is written.
  await session.query({
    text: "UPDATE notification.templates SET active = false WHERE name = $1 AND language = $2 AND active",
    values: [name, language],
  });
  await session.query({
    text: "UPDATE notification.templates SET active = true WHERE name = $1 AND language = $2 AND version = $3",
    values: [name, language, version],
  });
}
