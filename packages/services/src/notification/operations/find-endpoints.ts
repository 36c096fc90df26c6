import type { Session } from "../../platform/database.js";
import { ENDPOINT_COLUMNS, type EndpointRecord } from "../endpoint-record.js";

/** A merchant's endpoint, by its id; undefined when the merchant has none of it. */
export async function findEndpoint(
  session: Session,
  { merchantId, id }: { readonly merchantId: string; readonly id: string },
): Promise<EndpointRecord | undefined> {
  const { rows } = await session.query<EndpointRecord>({
    name: "find-endpoint",
    text: `SELECT ${ENDPOINT_COLUMNS} FROM notification.webhook_endpoints AS endpoint
           WHERE endpoint.id = $1 AND endpoint.merchant_id = $2`,
    values: [id, merchantId],
  });
  return rows[0];
}

/** The endpoint that a merchant created with this request_id. */
export async function findEndpointOfRequest(
  session: Session,
  { merchantId, requestId }: { readonly merchantId: string; readonly requestId: string },
): Promise<EndpointRecord | undefined> {
  const { rows } = await session.query<EndpointRecord>({
    name: "find-endpoint-of-request",
    text: `SELECT ${ENDPOINT_COLUMNS} FROM notification.webhook_endpoints AS endpoint
           WHERE endpoint.merchant_id = $1 AND endpoint.request_id = $2`,
    values: [merchantId, requestId],
  });
  return rows[0];
}

/** All endpoints of a merchant, the first created first: there are few of them. */
export async function listEndpoints(session: Session, merchantId: string): Promise<EndpointRecord[]> {
  const { rows } = await session.query<EndpointRecord>({
    name: "list-endpoints",
    text: `SELECT ${ENDPOINT_COLUMNS} FROM notification.webhook_endpoints AS endpoint
           WHERE endpoint.merchant_id = $1 ORDER BY endpoint.create_time, endpoint.id`,
    values: [merchantId],
  });
  return rows;
}
