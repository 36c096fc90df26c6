import type { Session } from "../../platform/database.js";
import type { ComposedEvent } from "../compose-event.js";
import { ENABLED_ENDPOINTS, TAKES_TYPE } from "../endpoint-record.js";

/**
 * Records an event that is not recorded yet, and queues it: for one endpoint, whatever types that takes, or for every
 * endpoint of the merchant that is enabled and takes the type.
 * @returns the ids of the endpoints that it was queued for
 */
export async function insertEvent(session: Session, event: ComposedEvent, endpointId?: string): Promise<string[]> {
  const { rows } = await session.query<{ readonly endpointId: string }>({
    name: "insert-event",
    text: `WITH new_event AS (
             INSERT INTO notification.events
               (id, merchant_id, type, payment_id, refund_id, payload, traceparent, tracestate)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (id) DO NOTHING
             RETURNING id, merchant_id, type
           )
           INSERT INTO notification.webhook_deliveries (event_id, endpoint_id, state, next_attempt_time)
           SELECT event.id, endpoint.id, 'pending', now()
           FROM new_event AS event ${ENABLED_ENDPOINTS}
           WHERE CASE WHEN $9::text IS NULL THEN ${TAKES_TYPE} ELSE endpoint.id = $9 END
           RETURNING endpoint_id AS "endpointId"`,
    values: [
      event.id,
      event.merchantId,
      event.type,
      event.paymentId,
      event.refundId,
      event.payload,
      event.traceparent,
      event.tracestate,
      endpointId ?? null,
    ],
  });
  return rows.map((row) => row.endpointId);
}
