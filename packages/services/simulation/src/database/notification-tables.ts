/** The tables of notification, as far as steps 5a and R4 use them, and their statements as models. */
import { byText, rowsOf } from "./columns.js";
import { answer, type Statement } from "./session.js";
import { Table } from "./table.js";

export interface NotificationRow {
  readonly paymentId: string;
  readonly templateName: string;
  readonly channel: string;
  readonly subject: string;
  readonly refundId: string;
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
  };
}

export function notificationStatements({ templates, notifications }: NotificationTables): Record<string, Statement> {
  return {
    // Each template of the house has one version, which is active.
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
      const keys = inserted.map(({ paymentId, refundId, channel }) => ({ paymentId, refundId, channel }));
      return answer(keys.sort(byText(({ paymentId }) => paymentId)));
    },
  };
}
