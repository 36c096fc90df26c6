import type { Session } from "../../platform/database.js";
import { ENDPOINT_COLUMNS, type EndpointRecord } from "../endpoint-record.js";
import type { FailedEndpoint } from "./record-deliveries.js";

/**
 * Disables an endpoint that is gone, or has still failed for `disableAfterMs`.
 * @returns it as it is then; undefined when it was changed meanwhile, and stays as it is
 */
export async function disableEndpoint(
  session: Session,
  { id, reason }: FailedEndpoint,
  disableAfterMs: number,
): Promise<EndpointRecord | undefined> {
  const { rows } = await session.query<EndpointRecord>({
    name: "disable-endpoint",
    text: `UPDATE notification.webhook_endpoints AS endpoint
           SET state = 'disabled', disable_reason = $2, update_time = now(),
               failing_since = coalesce(endpoint.failing_since, now())
           WHERE endpoint.id = $1 AND endpoint.state = 'enabled'
             AND ($2 = 'gone' OR endpoint.failing_since <= now() - $3::float8 * interval '1 millisecond')
           RETURNING ${ENDPOINT_COLUMNS}`,
    values: [id, reason, disableAfterMs],
  });
  return rows[0];
}
