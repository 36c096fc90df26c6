import type { Session } from "../../platform/database.js";
import type { MerchantRecipients } from "../channel/email/email-recipient.js";
import type { ComposedEvent } from "../compose-event.js";
import type { ComposedNotification, NotificationKey } from "../compose-notification.js";
import { ENABLED_ENDPOINTS, TAKES_TYPE } from "../endpoint-record.js";

/** What a batch of ends left behind. */
export interface RecordedEnds {
  /** The notifications that were not recorded before. */
  readonly recorded: readonly NotificationKey[];
  /** Ids of the endpoints that events were queued for. */
  readonly endpoints: readonly string[];
  /** What those of the merchants want that want e-mail, be their ends recorded before or not. */
  readonly recipients: readonly MerchantRecipients[];
}

/** What is recorded together. */
export interface EndsToRecord {
  readonly notifications: readonly ComposedNotification[];
  /** What webhooks report about the ends [nothing]. */
  readonly events?: readonly ComposedEvent[];
  /** Those that are asked whether they want e-mail [none]. */
  readonly merchants?: readonly string[];
}

/** A notification that was recorded, or what a merchant wants: the columns of the other are null. */
type Row =
  | (NotificationKey & { readonly endpoints: readonly string[] | null; readonly recipients: null })
  | MerchantRecipients;

/**
 * Records the notifications that are not recorded yet, and returns which those were. One on the log is sent by being
 * recorded; one for the installation's webhook is due at once. The same statement records the event of each end that is new
 * and whose merchant has endpoints, and queues it for each endpoint that takes it.
 * It also returns the settings of those of `merchants` that want e-mail.
 *
 * All notifications go in before the first event does, each by payment id: two instances that were given the same payments
 * or refunds wait for each other instead of deadlocking.
 */
export async function insertNotifications(
  session: Session,
  { notifications, events = [], merchants = [] }: EndsToRecord,
): Promise<RecordedEnds> {
  const rows = inOrder(notifications);
  const ends = inOrder(events);
  const result = await session.query<Row>({
    name: "insert-notifications",
    text: `WITH recorded AS (
             INSERT INTO notification.notifications
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
             RETURNING payment_id, refund_id, channel
           ), new_events AS (
             INSERT INTO notification.events
               (id, merchant_id, type, payment_id, refund_id, payload, traceparent, tracestate)
             SELECT told.id, told.merchant_id, told.type, told.payment_id, told.refund_id, told.payload, told.traceparent,
                    told.tracestate
             FROM unnest($13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[],
                         $20::text[])
               AS told (id, merchant_id, type, payment_id, refund_id, payload, traceparent, tracestate)
             -- Counted before anything else is done: the notifications are all in then.
             WHERE (SELECT count(*) FROM recorded) > 0
               AND EXISTS (SELECT FROM notification.webhook_endpoints AS own WHERE own.merchant_id = told.merchant_id)
               AND EXISTS (SELECT FROM recorded
                           WHERE recorded.payment_id = told.payment_id AND recorded.refund_id = told.refund_id)
             ON CONFLICT (id) DO NOTHING
             RETURNING id, merchant_id, type
           ), queued AS (
             INSERT INTO notification.webhook_deliveries (event_id, endpoint_id, state, next_attempt_time)
             SELECT event.id, endpoint.id, 'pending', now()
             FROM new_events AS event ${ENABLED_ENDPOINTS} AND ${TAKES_TYPE}
             RETURNING endpoint_id
           )
           SELECT payment_id AS "paymentId", refund_id AS "refundId", channel,
                  (SELECT array_agg(DISTINCT endpoint_id) FROM queued) AS endpoints,
                  NULL AS "merchantId", NULL AS language, NULL::jsonb AS recipients
           FROM recorded
           UNION ALL
           SELECT NULL, NULL, NULL, NULL, merchant_id, language, email_recipients
           FROM notification.merchant_settings
           WHERE merchant_id = ANY ($21::text[]) AND email_recipients <> '[]'`,
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
      ends.map((end) => end.id),
      ends.map((end) => end.merchantId),
      ends.map((end) => end.type),
      ends.map((end) => end.paymentId),
      ends.map((end) => end.refundId),
      ends.map((end) => end.payload),
      ends.map((end) => end.traceparent),
      ends.map((end) => end.tracestate),
      merchants,
    ],
  });
  const recorded: NotificationKey[] = [];
  const recipients: MerchantRecipients[] = [];
  let endpoints: readonly string[] = [];
  for (const row of result.rows) {
    if (row.recipients === null) {
      const { paymentId, refundId, channel } = row;
      recorded.push({ paymentId, refundId, channel });
      endpoints = row.endpoints ?? endpoints;
    } else {
      const { merchantId, language } = row;
      recipients.push({ merchantId, language, recipients: row.recipients });
    }
  }
  return { recorded, endpoints, recipients };
}

function inOrder<Told extends Pick<NotificationKey, "paymentId" | "refundId">>(told: readonly Told[]): Told[] {
  const place = ({ paymentId, refundId }: Told) => `${paymentId} ${refundId}`;
  return told.toSorted((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
}
