import type { Session } from "../../platform/database.js";
import { ENDPOINT_COLUMNS, type EndpointRecord } from "../endpoint-record.js";

/** What changes of an endpoint; null where it stays. */
export interface EndpointChange {
  readonly merchantId: string;
  readonly id: string;
  readonly url: string | null;
  readonly description: string | null;
  /** Empty for all. */
  readonly eventTypes: readonly string[] | null;
  readonly state: "enabled" | "disabled" | null;
}

/**
 * Changes a merchant's endpoint; undefined when there is none of that id. One that is enabled has not failed yet; one that
 * was disabled already keeps the reason why.
 */
export async function changeEndpoint(session: Session, change: EndpointChange): Promise<EndpointRecord | undefined> {
  const { rows } = await session.query<EndpointRecord>({
    name: "change-endpoint",
    text: `UPDATE notification.webhook_endpoints AS endpoint
           SET url = coalesce($3, endpoint.url), description = coalesce($4, endpoint.description),
               event_types = coalesce($5::text[], endpoint.event_types), state = coalesce($6, endpoint.state),
               disable_reason = CASE $6 WHEN 'enabled' THEN NULL
                                        WHEN 'disabled' THEN coalesce(endpoint.disable_reason, 'merchant')
                                        ELSE endpoint.disable_reason END,
               failing_since = CASE $6 WHEN 'enabled' THEN NULL ELSE endpoint.failing_since END,
               update_time = now()
           WHERE endpoint.id = $1 AND endpoint.merchant_id = $2
           RETURNING ${ENDPOINT_COLUMNS}`,
    values: [
      change.id,
      change.merchantId,
      change.url,
      change.description,
      change.eventTypes === null ? null : [...change.eventTypes],
      change.state,
    ],
  });
  return rows[0];
}

/** Deletes a merchant's endpoint with its secrets; false when there is none of that id. */
export async function deleteEndpoint(
  session: Session,
  { merchantId, id }: { readonly merchantId: string; readonly id: string },
): Promise<boolean> {
  const { rows } = await session.query<{ readonly isDeleted: boolean }>({
    name: "delete-endpoint",
    text: `SELECT notification.delete_webhook_endpoint($1, $2) AS "isDeleted"`,
    values: [id, merchantId],
  });
  return rows[0]?.isDeleted ?? false;
}
