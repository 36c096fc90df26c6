import type { Session } from "../../platform/database.js";
import { ENDPOINT_COLUMNS, type EndpointRecord } from "../endpoint-record.js";

/** Endpoints that a merchant has at most: a rule of the table. */
export const MAXIMUM_ENDPOINTS = 16;

/** What a new endpoint is, as far as its caller says. */
export interface NewEndpoint {
  readonly id: string;
  readonly merchantId: string;
  readonly requestId: string;
  readonly url: string;
  readonly description: string;
  /** Empty for all. */
  readonly eventTypes: readonly string[];
}

/**
 * Creates an endpoint in the first free place of its merchant. Undefined when there is none, and when somebody else took
 * the place, or the request_id, first.
 */
export async function insertEndpoint(session: Session, endpoint: NewEndpoint): Promise<EndpointRecord | undefined> {
  const { rows } = await session.query<EndpointRecord>({
    name: "insert-endpoint",
    text: `INSERT INTO notification.webhook_endpoints AS endpoint
             (id, merchant_id, request_id, url, description, event_types, place)
           SELECT $1, $2, $3, $4, $5, $6::text[], free.place
           FROM generate_series(1, ${MAXIMUM_ENDPOINTS}) AS free (place)
           WHERE NOT EXISTS (SELECT FROM notification.webhook_endpoints AS own
                             WHERE own.merchant_id = $2 AND own.place = free.place)
           ORDER BY free.place LIMIT 1
           ON CONFLICT DO NOTHING
           RETURNING ${ENDPOINT_COLUMNS}`,
    values: [
      endpoint.id,
      endpoint.merchantId,
      endpoint.requestId,
      endpoint.url,
      endpoint.description,
      [...endpoint.eventTypes],
    ],
  });
  return rows[0];
}
