import type { Session } from "../../platform/database.js";
import type { StoredAction } from "../stored-template.js";

/** Notes what somebody did. False when the actor used the request id before, and nothing is noted. */
export async function insertTemplateAction(
  session: Session,
  action: Omit<StoredAction, "id" | "createTime"> & { readonly requestId?: string | undefined },
): Promise<boolean> {
  const { rows } = await session.query({
    text: `INSERT INTO notification.template_actions (kind, name, language, version, former_version, actor, reason, request_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (actor, request_id) DO NOTHING RETURNING id`,
    values: [
      action.kind,
      action.name,
      action.language,
      action.version,
      action.formerVersion,
      action.actor,
      action.reason,
      action.requestId ?? null,
    ],
  });
  return rows.length > 0;
}
