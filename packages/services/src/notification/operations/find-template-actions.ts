import type { Session } from "../../platform/database.js";
import type { StoredAction } from "../stored-template.js";

const COLUMNS = `id, kind, name, language, version, former_version AS "formerVersion", actor, reason,
                  create_time AS "createTime"`;

/** The history of a template, newest first. */
export async function findTemplateActions(
  session: Session,
  wanted: {
    readonly name: string;
    readonly language: string;
    /** Only what was done before this one. */
    readonly before?: bigint | undefined;
    readonly limit: number;
  },
): Promise<StoredAction[]> {
  const { rows } = await session.query<StoredAction>({
    text: `SELECT ${COLUMNS} FROM notification.template_actions
           WHERE name = $1 AND language = $2 AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $4`,
    values: [wanted.name, wanted.language, wanted.before ?? null, wanted.limit],
  });
  return rows;
}

/** What was done under a request id of an actor. */
export async function findTemplateRequest(
  session: Session,
  { actor, requestId }: { readonly actor: string; readonly requestId: string },
): Promise<StoredAction | undefined> {
  const { rows } = await session.query<StoredAction>({
    text: `SELECT ${COLUMNS} FROM notification.template_actions WHERE actor = $1 AND request_id = $2`,
    values: [actor, requestId],
  });
  return rows[0];
}

/** The last time that a version of a template was put into use, by activating it or by any change of the version in use. */
export async function findLastUse(
  session: Session,
  wanted: {
    readonly name: string;
    readonly language: string;
    /** The version that was put into use by being activated; undefined: whichever, by whatever action. */
    readonly activated?: number | undefined;
  },
): Promise<StoredAction | undefined> {
  const { rows } = await session.query<StoredAction>({
    text: `SELECT ${COLUMNS} FROM notification.template_actions
           WHERE name = $1 AND language = $2
             AND CASE WHEN $3::int IS NULL THEN kind IN ('activate', 'roll-back') ELSE kind = 'activate' AND version = $3 END
           ORDER BY id DESC LIMIT 1`,
    values: [wanted.name, wanted.language, wanted.activated ?? null],
  });
  return rows[0];
}
