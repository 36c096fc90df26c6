/** The tables of notification, as far as steps 5a and R4 use them, and their statements as models. */
import { byText, rowsOf } from "./columns.js";
import { answer, type Session, type Statement } from "./session.js";
import { Table } from "./table.js";

export interface NotificationRow {
  readonly paymentId: string;
  readonly templateName: string;
  readonly channel: string;
  readonly subject: string;
  readonly refundId: string;
}

export interface WebhookEndpointRow {
  readonly id: string;
  readonly merchantId: string;
  readonly state: "enabled" | "disabled";
  /** Empty for all. */
  readonly eventTypes: readonly string[];
}

export interface EventRow {
  readonly id: string;
  readonly merchantId: string;
  readonly type: string;
  readonly paymentId: string;
  readonly refundId: string;
}

export interface WebhookDeliveryRow {
  readonly eventId: string;
  readonly endpointId: string;
  readonly state: string;
}

export interface TemplateRow {
  readonly name: string;
  readonly language: string;
  readonly version: number;
  readonly subject: string;
  readonly body: string;
}

export type NotificationTables = ReturnType<typeof notificationTables>;

export function notificationTables() {
  return {
    templates: new Table<TemplateRow>({
      name: "notification.templates",
      keyOf: ({ name, language }) => `${name} ${language}`,
      primaryKey: "templates_pkey",
    }),
    notifications: new Table<NotificationRow>({
      name: "notification.notifications",
      keyOf: ({ paymentId, refundId, channel }) => `${paymentId} ${refundId} ${channel}`,
      primaryKey: "notifications_once",
    }),
    webhookEndpoints: new Table<WebhookEndpointRow>({
      name: "notification.webhook_endpoints",
      keyOf: ({ id }) => id,
      primaryKey: "webhook_endpoints_pkey",
    }),
    events: new Table<EventRow>({
      name: "notification.events",
      keyOf: ({ id }) => id,
      primaryKey: "events_pkey",
    }),
    webhookDeliveries: new Table<WebhookDeliveryRow>({
      name: "notification.webhook_deliveries",
      keyOf: ({ eventId, endpointId }) => `${eventId} ${endpointId}`,
      primaryKey: "webhook_deliveries_event_id_endpoint_id_pk",
    }),
  };
}

/** Whether an event is queued for an endpoint. */
export function takesEvent(endpoint: WebhookEndpointRow, event: Pick<EventRow, "merchantId" | "type">): boolean {
  const { merchantId, state, eventTypes } = endpoint;
  return (
    merchantId === event.merchantId &&
    state === "enabled" &&
    (eventTypes.length === 0 || eventTypes.includes(event.type))
  );
}

export function notificationStatements(tables: NotificationTables): Record<string, Statement> {
  const { templates, notifications } = tables;
  return {
    // Each template of the system has one version, which is active.
    "read-active-templates": async (session) => answer(templates.rows(session)),

    "read-earlier-versions": async (session, [name, language, version]) =>
      answer(
        templates
          .rows(session)
          .filter((row) => row.name === name && row.language === language && row.version < Number(version))
          .sort((one, other) => other.version - one.version),
      ),

    "insert-notifications": async (session, values) => {
      // In the order of the arrays, which the operation sorted; the columns between are kept as they are told.
      const given = rowsOf<NotificationRow>(
        [values[0], values[1], values[2], values[5], values[9]],
        ["paymentId", "templateName", "channel", "subject", "refundId"],
      );
      const inserted: NotificationRow[] = [];
      for (const row of given) if (await session.insertUnlessThere(notifications, row)) inserted.push(row);
      // Once all notifications are in.
      const isNew = ({ paymentId, refundId }: EventRow) =>
        inserted.some((row) => row.paymentId === paymentId && row.refundId === refundId);
      const ends = rowsOf<EventRow>(values.slice(12), ["id", "merchantId", "type", "paymentId", "refundId"]);
      const queued = await insertEvents(session, tables, ends.filter(isNew));
      const keys = inserted.map(({ paymentId, refundId, channel }) => ({
        ...{ paymentId, refundId, channel },
        endpoints: queued.length === 0 ? null : queued,
        // No merchant is asked: the system has no e-mail.
        ...{ merchantId: null, language: null, recipients: null },
      }));
      return answer(keys.sort(byText(({ paymentId }) => paymentId)));
    },
  };
}

/** Records the events of merchants that have endpoints. @returns the ids of the endpoints that they were queued for */
async function insertEvents(
  session: Session,
  { events, webhookEndpoints, webhookDeliveries }: NotificationTables,
  ends: readonly EventRow[],
): Promise<string[]> {
  const endpoints = webhookEndpoints.rows(session);
  const queued = new Set<string>();
  for (const end of ends) {
    const isTold = endpoints.some(({ merchantId }) => merchantId === end.merchantId);
    if (!isTold || !(await session.insertUnlessThere(events, end))) continue;
    for (const endpoint of endpoints.filter((one) => takesEvent(one, end))) {
      webhookDeliveries.insert({ eventId: end.id, endpointId: endpoint.id, state: "pending" }, session);
      queued.add(endpoint.id);
    }
  }
  return [...queued].sort();
}
