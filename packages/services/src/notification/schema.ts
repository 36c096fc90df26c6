/** The tables of notification (steps 5a and R4), in a PostgreSQL schema of its own. */
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from "drizzle-orm/pg-core";

/** Milliseconds, as the API tells times: a page of a list begins exactly where the one before ended. */
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

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
    /** The refund that it is about; empty when it is about the payment itself. */
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

/** Where a merchant's events are posted. Deleted with its row; what was queued for it is then posted nowhere. */
export const webhookEndpoints = notificationSchema.table(
  "webhook_endpoints",
  {
    id: text().primaryKey(),
    merchantId: text("merchant_id").notNull(),
    /** The caller's, under which it was created once. */
    requestId: text("request_id").notNull(),
    /** Among those of its merchant: there are as many as it may have. */
    place: smallint().notNull(),
    url: text().notNull(),
    description: text().notNull(),
    /** The types of events that are posted here; empty for all. */
    eventTypes: text("event_types").array().notNull(),
    state: text({ enum: ["enabled", "disabled"] })
      .notNull()
      .default("enabled"),
    disableReason: text("disable_reason", { enum: ["merchant", "failing", "gone"] }),
    /** Since when every attempt has failed; null when the last one did not. */
    failingSince: time("failing_since"),
    createTime: time("create_time").notNull().defaultNow(),
    updateTime: time("update_time").notNull().defaultNow(),
  },
  (table) => [
    unique("webhook_endpoints_request").on(table.merchantId, table.requestId),
    // Also by which a batch of ends finds the endpoints of its merchants.
    unique("webhook_endpoints_places").on(table.merchantId, table.place),
    check("webhook_endpoints_place", sql`${table.place} BETWEEN 1 AND 16`),
    check("webhook_endpoints_state", sql`${table.state} IN ('enabled', 'disabled')`),
    check(
      "webhook_endpoints_disabled",
      sql`(${table.state} = 'disabled') = (${table.disableReason} IS NOT NULL)
        AND (${table.disableReason} IS NULL OR ${table.disableReason} IN ('merchant', 'failing', 'gone'))`,
    ),
  ],
);

/** What the webhooks of an endpoint are signed with: by each that has not ended. */
export const webhookSecrets = notificationSchema.table(
  "webhook_secrets",
  {
    endpointId: text("endpoint_id")
      .notNull()
      .references(() => webhookEndpoints.id, { onDelete: "cascade" }),
    /** From 1. That of a secret that has ended is taken again; the newest secret is the one without an end. */
    number: integer().notNull(),
    /** JWE under one of WEBHOOK_SEALING_KEYS, bound to the endpoint: a copy of the database signs nothing. */
    sealed: text().notNull(),
    /** The id of that key, in its list. */
    keyId: text("key_id").notNull(),
    createTime: time("create_time").notNull().defaultNow(),
    /** Null for the newest. In microseconds: rounded to milliseconds, what ends now could sign a moment longer. */
    expireTime: timestamp("expire_time", { withTimezone: true }),
  },
  (table) => [
    primaryKey({ columns: [table.endpointId, table.number] }),
    check("webhook_secrets_number", sql`${table.number} > 0`),
  ],
);

/**
 * What happened to the payments and refunds of merchants that have endpoints; kept for 30 days. Deliveries and attempts
 * name it without a foreign key: they are written and deleted in the same statements.
 */
export const events = notificationSchema.table(
  "events",
  {
    /** Derived from what happened, so that it is recorded once: the `webhook-id`. */
    id: text().primaryKey(),
    merchantId: text("merchant_id").notNull(),
    /** Standard Webhooks: full-stop delimited, for example `payment.succeeded`. */
    type: text().notNull(),
    /** The payment that it is about, also that of a refund; empty when it is about none. */
    paymentId: text("payment_id").notNull(),
    refundId: text("refund_id").notNull(),
    /** What webhooks post, byte for byte at each attempt. */
    payload: text().notNull(),
    /** The W3C trace context in which it is posted; null where it has none. */
    traceparent: text(),
    tracestate: text(),
    createTime: time("create_time").notNull().defaultNow(),
  },
  (table) => [
    index("events_by_time").on(table.merchantId, table.createTime, table.id),
    index("events_payment").on(table.paymentId),
    // By which the oldest are deleted.
    index("events_age").on(table.createTime),
  ],
);

/** The work list: each event for each endpoint that takes it. */
export const webhookDeliveries = notificationSchema.table(
  "webhook_deliveries",
  {
    eventId: text("event_id").notNull(),
    endpointId: text("endpoint_id").notNull(),
    /** `failed`: the last attempt failed and another follows. `gave-up`: no other follows. */
    state: text({ enum: ["pending", "sent", "failed", "gave-up"] }).notNull(),
    /** Attempts begun. */
    attempts: integer().notNull().default(0),
    /** Those before it was queued last: a resent event gets as many attempts as a new one. */
    attemptsBefore: integer("attempts_before").notNull().default(0),
    /** When it was queued last. */
    queueTime: time("queue_time").notNull().defaultNow(),
    /**
     * While it is to be sent: the earliest moment of the next attempt, which is the end of the sender's lease too. In
     * microseconds: rounded to milliseconds, what is due now could be due a moment later.
     */
    nextAttemptTime: timestamp("next_attempt_time", { withTimezone: true }),
    sentTime: time("sent_time"),
  },
  (table) => [
    primaryKey({ columns: [table.eventId, table.endpointId] }),
    // Each endpoint's queue, and by its head whether something is due.
    index("webhook_deliveries_queue")
      .on(table.endpointId, table.nextAttemptTime)
      .where(sql`${table.state} IN ('pending', 'failed')`),
    check("webhook_deliveries_state", sql`${table.state} IN ('pending', 'sent', 'failed', 'gave-up')`),
    check("webhook_deliveries_sent", sql`(${table.state} = 'sent') = (${table.sentTime} IS NOT NULL)`),
    check(
      "webhook_deliveries_next_attempt",
      sql`(${table.state} IN ('pending', 'failed')) = (${table.nextAttemptTime} IS NOT NULL)`,
    ),
  ],
);

/** What became of each attempt. */
export const webhookAttempts = notificationSchema.table(
  "webhook_attempts",
  {
    eventId: text("event_id").notNull(),
    endpointId: text("endpoint_id").notNull(),
    /** From 1. */
    number: integer().notNull(),
    attemptTime: time("attempt_time").notNull(),
    latencyMs: integer("latency_ms").notNull(),
    /** The answer's HTTP status; null when there was none. */
    status: integer(),
    /** Names no URL and quotes no answer; null when it was taken. */
    error: text(),
  },
  (table) => [primaryKey({ columns: [table.eventId, table.endpointId, table.number] })],
);

/** What a merchant wants to be told by e-mail; one without a row wants nothing. */
export const merchantSettings = notificationSchema.table(
  "merchant_settings",
  {
    merchantId: text("merchant_id").primaryKey(),
    /** A BCP 47 tag; empty: the installation's language. */
    language: text().notNull().default(""),
    /** `[{"address", "language", "eventTypes"}]`: email-recipient.ts. */
    emailRecipients: jsonb("email_recipients").notNull().default([]),
    /** What was refused before this moment is tried again. */
    updateTime: timestamp("update_time", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    check(
      "merchant_settings_recipients",
      sql`jsonb_typeof(${table.emailRecipients}) = 'array' AND jsonb_array_length(${table.emailRecipients}) <= 20`,
    ),
  ],
);

/** Addresses that the mail server refused for good. */
export const refusedAddresses = notificationSchema.table("refused_addresses", {
  address: text().primaryKey(),
  /** The SMTP status, and none of the server's words. */
  reason: text().notNull(),
  refuseTime: timestamp("refuse_time", { withTimezone: true }).notNull(),
});

/** The work list of e-mails, one row for each thing that is told to one address; kept for 30 days. */
export const emails = notificationSchema.table(
  "emails",
  {
    id: bigint({ mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
    /** What is told, for example `pay_…_payment-succeeded`. */
    about: text().notNull(),
    merchantId: text("merchant_id").notNull(),
    address: text().notNull(),
    templateName: text("template_name").notNull(),
    templateVersion: integer("template_version").notNull(),
    language: text().notNull(),
    subject: text().notNull(),
    body: text().notNull(),
    /** Null: it is made from the body. */
    htmlBody: text("html_body"),
    traceId: text("trace_id"),
    /** `failed`: the last attempt failed and another follows. `gave-up`: no other follows. */
    state: text({ enum: ["pending", "sent", "failed", "gave-up"] }).notNull(),
    /** Attempts begun. */
    attempts: integer().notNull().default(0),
    /** While it is to be sent: the earliest moment of the next attempt, which is the end of the sender's lease too. */
    nextAttemptTime: timestamp("next_attempt_time", { withTimezone: true }),
    lastError: text("last_error"),
    createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
    sentTime: timestamp("sent_time", { withTimezone: true }),
  },
  (table) => [
    unique("emails_once").on(table.about, table.address),
    index("emails_due").on(table.nextAttemptTime).where(sql`${table.state} IN ('pending', 'failed')`),
    index("emails_waiting").on(table.merchantId).where(sql`${table.state} IN ('pending', 'failed')`),
    // By which the oldest are deleted.
    index("emails_age").on(table.createTime),
    check("emails_state", sql`${table.state} IN ('pending', 'sent', 'failed', 'gave-up')`),
    check("emails_sent", sql`(${table.state} = 'sent') = (${table.sentTime} IS NOT NULL)`),
    check(
      "emails_next_attempt",
      sql`(${table.state} IN ('pending', 'failed')) = (${table.nextAttemptTime} IS NOT NULL)`,
    ),
  ],
);
