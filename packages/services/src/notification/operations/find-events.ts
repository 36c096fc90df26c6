import type { Session } from "../../platform/database.js";
import type { EventRecord } from "../event-record.js";

const COLUMNS = `id, type, payload, create_time AS "createTime"`;

/** A merchant's event; undefined when the merchant has none of that id. */
export async function findEvent(
  session: Session,
  { merchantId, id }: { readonly merchantId: string; readonly id: string },
): Promise<EventRecord | undefined> {
  const { rows } = await session.query<EventRecord>({
    name: "find-event",
    text: `SELECT ${COLUMNS} FROM notification.events WHERE id = $1 AND merchant_id = $2`,
    values: [id, merchantId],
  });
  return rows[0];
}

/** Which events of a merchant. */
export interface EventQuery {
  readonly merchantId: string;
  readonly limit: number;
  readonly type?: string | undefined;
  readonly paymentId?: string | undefined;
  /** Recorded then or later. */
  readonly startTime?: Date | undefined;
  /** Recorded before. */
  readonly endTime?: Date | undefined;
  /** Those that follow this one, which is the last of the page before. */
  readonly after?: { readonly createTime: Date; readonly id: string } | undefined;
}

/**
 * A page of a merchant's events, newest first. Each combination of filters that is read by another index is a statement of
 * its own: a plan that is kept must not read a merchant's events for those of one payment.
 */
export async function listEvents(session: Session, query: EventQuery): Promise<EventRecord[]> {
  const { merchantId, limit, type, paymentId, startTime, endTime, after } = query;
  const values: unknown[] = [merchantId, limit, type ?? null, startTime ?? null, endTime ?? null];
  const conditions = [
    "merchant_id = $1",
    "($3::text IS NULL OR type = $3)",
    "($4::timestamptz IS NULL OR create_time >= $4)",
    "($5::timestamptz IS NULL OR create_time < $5)",
  ];
  let name = "list-events";
  if (paymentId !== undefined) {
    values.push(paymentId);
    conditions.push(`payment_id = $${values.length}`);
    name += "-payment";
  }
  if (after !== undefined) {
    values.push(after.createTime, after.id);
    conditions.push(`(create_time, id) < ($${values.length - 1}, $${values.length})`);
    name += "-after";
  }
  const { rows } = await session.query<EventRecord>({
    name,
    text: `SELECT ${COLUMNS} FROM notification.events WHERE ${conditions.join(" AND ")}
           ORDER BY create_time DESC, id DESC LIMIT $2`,
    values,
  });
  return rows;
}
