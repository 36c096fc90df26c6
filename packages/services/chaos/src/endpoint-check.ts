/** What must hold of merchants' endpoints, the one that had a storm as well: each event arrived, signed, under its own id. */
import { DEFAULT_RETRY_SCHEDULE } from "../../dist/notification/webhook/retry-schedule.js";
import { wrongWithAnnouncements } from "./announcements.js";
import type { RequestBook, Violation } from "./request-book.js";
import type { System } from "./system.js";

/** An event of a merchant, and what became of it at the merchant's endpoint. */
export interface RecordedDelivery {
  readonly eventId: string;
  /** Null where it was never queued. */
  readonly state: string | null;
  readonly attempts: number;
  readonly ageMs: number;
}

export async function checkEndpoints(system: System, book: RequestBook): Promise<Violation[]> {
  const requests = [...book.payments, ...book.refunds, ...book.rivals];
  const violations: Violation[] = [];
  for (const endpoint of system.endpoints) {
    const { id, merchantId, announced } = endpoint;
    const rows = await system.query<RecordedDelivery>(
      `SELECT event.id AS "eventId", state, coalesce(attempts - attempts_before, 0) AS attempts,
              (extract(epoch FROM now() - coalesce(queue_time, now())) * 1000)::float8 AS "ageMs"
       FROM notification.events AS event
       LEFT JOIN notification.webhook_deliveries AS delivery ON delivery.event_id = event.id AND endpoint_id = $1
       WHERE merchant_id = $2`,
      [id, merchantId],
    );
    const events = new Set(rows.map(({ eventId }) => eventId));
    const wrong = [
      ...endpoint.takeComplaints(),
      ...rows.flatMap((row) => wrongWithDelivery(row, announced.ids)),
      ...[...announced.ids].filter((one) => !events.has(one)).map((one) => `the webhook ${one} is of no event`),
    ];
    violations.push(
      ...wrong.map((what) => ({ what: `the endpoint of ${merchantId}: ${what}`, paymentId: undefined })),
      ...wrongWithAnnouncements(
        announced,
        requests.filter(({ call }) => call.merchantId === merchantId),
      ).map(({ what, paymentId }) => ({ what: `at the endpoint of ${merchantId}: ${what}`, paymentId })),
    );
  }
  return violations;
}

/** What is wrong with one delivery; `taken` holds the ids of the webhooks that the endpoint took. */
export function wrongWithDelivery(delivery: RecordedDelivery, taken: ReadonlySet<string>): string[] {
  const { eventId, state, attempts, ageMs } = delivery;
  const { maximumAttempts, maximumAgeMs } = DEFAULT_RETRY_SCHEDULE;
  if (state === null) return [`${eventId} was not queued`];
  if (state === "sent") return taken.has(eventId) ? [] : [`${eventId} is recorded as sent, and was never taken`];
  if (state !== "gave-up") return [`${eventId} is ${state}`];
  // The delay after an attempt may be longer than what is left of its age: half of the age is surely too soon.
  if (attempts >= maximumAttempts || ageMs > maximumAgeMs / 2) return [];
  return [`${eventId} was given up after ${attempts} attempts`];
}
