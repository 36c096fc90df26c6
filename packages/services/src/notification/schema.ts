/** The tables of notification (steps 5a and R4), in a PostgreSQL schema of its own. */
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from "drizzle-orm/pg-core";

export const notificationSchema = pgSchema("notification");

/** What is said, in which language. A version is never changed once it was used: a new text is a new version. */
export const templates = notificationSchema.table(
  "templates",
  {
    name: text().notNull(),
    /** BCP 47 language tag, for example `en` or `fr`. */
    language: text().notNull(),
    version: integer().notNull(),
    /** Liquid; rendered to one line. */
    subject: text().notNull(),
    /** Liquid; rendered to plain text. */
    body: text().notNull(),
    /** Liquid; rendered to the HTML part of an e-mail, which is made from the body where this is null. */
    htmlBody: text("html_body"),
    /** The version in use. */
    active: boolean().notNull().default(false),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
    /** Who made it; null for a version that came with a release. */
    creator: text(),
  },
  (table) => [
    primaryKey({ columns: [table.name, table.language, table.version] }),
    uniqueIndex("templates_active").on(table.name, table.language).where(sql`${table.active}`),
    check("templates_version", sql`${table.version} > 0`),
  ],
);

/** What people did to templates, and never what a release brought: nothing here is changed or forgotten. */
export const templateActions = notificationSchema.table(
  "template_actions",
  {
    id: bigint({ mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
    kind: text({ enum: ["create", "activate", "roll-back"] }).notNull(),
    name: text().notNull(),
    language: text().notNull(),
    version: integer().notNull(),
    /** The version that was active before; null for none, and where a version was made. */
    formerVersion: integer("former_version"),
    actor: text().notNull(),
    reason: text().notNull().default(""),
    /** The caller's, once for each version it means to make. */
    requestId: text("request_id"),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    index("template_actions_of").on(table.name, table.language, table.id),
    uniqueIndex("template_actions_request").on(table.actor, table.requestId),
    check("template_actions_kind", sql`${table.kind} IN ('create', 'activate', 'roll-back')`),
  ],
);

/**
 * One row for each thing that is told on one channel: the log of notifications, and the work list of those that are
 * still to be sent. The template is named without a foreign key: templates are never deleted (the role may not), and
 * the check would lock the same row in every batch.
 */
export const notifications = notificationSchema.table(
  "notifications",
  {
    id: bigint({ mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
    paymentId: text("payment_id").notNull(),
    templateName: text("template_name").notNull(),
    channel: text({ enum: ["log", "webhook"] }).notNull(),
    language: text().notNull(),
    templateVersion: integer("template_version").notNull(),
    subject: text().notNull(),
    body: text().notNull(),
    /** What a webhook posts, byte for byte at each attempt; null on other channels. */
    payload: text(),
    /** The trace that the payment belongs to. */
    traceId: text("trace_id"),
    /** The W3C trace context in which a webhook is posted; null where the payment has none. */
    traceparent: text(),
    tracestate: text(),
    /** `failed`: the last attempt failed and another follows. `gave-up`: no other follows. */
    state: text({ enum: ["pending", "sent", "failed", "gave-up"] }).notNull(),
    /** Attempts begun. */
    attempts: integer().notNull().default(0),
    /** While it is to be sent: the earliest moment of the next attempt, which is the end of the sender's lease too. */
    nextAttemptTime: timestamp("next_attempt_time", { withTimezone: true }),
    lastError: text("last_error"),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
    sentTime: timestamp("sent_time", { withTimezone: true }),
    /** The refund that is told of; empty when it is the payment itself. */
    refundId: text("refund_id").notNull().default(""),
  },
  (table) => [
    // A payment or refund has one end, which is told once on each channel, however often and as whatever it is delivered.
    unique("notifications_once").on(table.paymentId, table.refundId, table.channel),
    index("notifications_due").on(table.nextAttemptTime).where(sql`${table.state} IN ('pending', 'failed')`),
    // A function, for the reason that the banks' rules are (client-bank/schema.ts): migrations/*_row-rules.sql.
    check(
      "notifications_whole",
      sql`notification.is_notification(${table.channel}, ${table.state}, ${table.nextAttemptTime}, ${table.sentTime})`,
    ),
  ],
);
