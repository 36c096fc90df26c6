import type { Session } from "../../platform/database.js";
import type { ComposedNotification, NotificationKey } from "../compose-notification.js";

/**
 * Records notifications that are not recorded yet and tells which those were. One on the log is sent by being recorded;
 * one for the webhook is due at once. The rows go in by payment id, so that two instances that were given the same
 * payments or refunds wait for each other instead of deadlocking.
 */
export async function insertNotifications(
  session: Session,
  notifications: readonly ComposedNotification[],
): Promise<NotificationKey[]> {
  const place = ({ paymentId, refundId }: NotificationKey) => `${paymentId} ${refundId}`;
  const rows = notifications.toSorted((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
  const result = await session.query<NotificationKey>({
    name: "insert-notifications",
    text: `INSERT INTO notification.notifications
             (payment_id, template_name, channel, language, template_version, subject, body, payload, trace_id,
              refund_id, traceparent, tracestate, state, attempts, next_attempt_time, sent_time)
           SELECT payment_id, template_name, channel, language, template_version, subject, body, payload, trace_id,
                  refund_id, traceparent, tracestate,
                  CASE channel WHEN 'log' THEN 'sent' ELSE 'pending' END,
                  CASE channel WHEN 'log' THEN 1 ELSE 0 END,
                  CASE channel WHEN 'log' THEN NULL ELSE now() END,
                  CASE channel WHEN 'log' THEN now() END
           FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[],
                       $9::text[], $10::text[], $11::text[], $12::text[])
             AS given (payment_id, template_name, channel, language, template_version, subject, body, payload, trace_id,
                       refund_id, traceparent, tracestate)
           ON CONFLICT ON CONSTRAINT notifications_once DO NOTHING
           RETURNING payment_id AS "paymentId", refund_id AS "refundId", channel`,
    values: [
      rows.map((row) => row.paymentId),
      rows.map((row) => row.templateName),
      rows.map((row) => row.channel),
      rows.map((row) => row.language),
      rows.map((row) => row.templateVersion),
      rows.map((row) => row.subject),
      rows.map((row) => row.body),
      rows.map((row) => row.payload),
      rows.map((row) => row.traceId),
      rows.map((row) => row.refundId),
      rows.map((row) => row.traceparent),
      rows.map((row) => row.tracestate),
    ],
  });
  return result.rows;
}
