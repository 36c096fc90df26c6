/**
 * The tables of merchant-bank (steps 4 and R2), in a PostgreSQL schema of its own. They have no foreign keys, for the reason
 * that client-bank's have none; the books statement (docs/operating/books.md) finds whatever points to nothing. Rules
 * of tables that every payment writes are functions (migrations/0009_row-rules.sql), for the reason that client-bank's are.
 */
import { sql } from "drizzle-orm";
import { bigint, check, index, jsonb, pgSchema, primaryKey, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import { DECLINE_REASONS, REFUND_DECLINE_REASONS } from "../shared/decline.js";

export const merchantBankSchema = pgSchema("merchant_bank");

const minorUnits = (name: string) => bigint(name, { mode: "bigint" });
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const quoted = (texts: readonly string[]) => sql.raw(texts.map((text) => `'${text}'`).join(", "));

/** The bank's merchants. The balance is a cache of opening balance and entries. */
export const merchants = merchantBankSchema.table(
  "merchants",
  {
    /** The subject of the merchant's tokens, for example `m-0001`. */
    id: text().primaryKey(),
    name: text().notNull(),
    currency: text().notNull(),
    balance: minorUnits("balance").notNull(),
    openingBalance: minorUnits("opening_balance").notNull(),
    /** Payments to one that is frozen or closed are declined. */
    state: text({ enum: ["open", "frozen", "closed"] }).notNull(),
    /** When it was opened, and last changed by an operator; null in rows that were made before it was kept. */
    createTime: time("create_time"),
    updateTime: time("update_time"),
  },
  (table) => [
    check("merchants_balance", sql`${table.balance} >= 0`),
    check(
      "merchants_whole",
      sql`merchant_bank.is_merchant(${table.id}, ${table.currency}, ${table.openingBalance}, ${table.state})`,
    ),
  ],
);

/** Who changed an account, as client-bank's. */
export const accountActions = merchantBankSchema.table(
  "account_actions",
  {
    id: bigint({ mode: "bigint" }).primaryKey().generatedAlwaysAsIdentity(),
    time: time("time").notNull(),
    /** The subject of the caller's token. */
    actor: text().notNull(),
    /** The method, for example `PayOutMerchant`. */
    action: text().notNull(),
    /** The merchant's id. */
    account: text().notNull(),
    reason: text().notNull(),
    requestId: text("request_id"),
    /** SHA-256 of all that the call chose. */
    parametersHash: text("parameters_hash").notNull(),
  },
  (table) => [
    uniqueIndex("account_actions_request").on(table.requestId).where(sql`${table.requestId} IS NOT NULL`),
    index("account_actions_account").on(table.account, table.id),
  ],
);

/** Payouts that notification must hear about, one row for each: it is written with the entries, and is the outbox of step P1. */
export const payoutNotices = merchantBankSchema.table(
  "payout_notices",
  {
    /** Of its entries. */
    entryId: text("entry_id").primaryKey(),
    merchantId: text("merchant_id").notNull(),
    currency: text().notNull(),
    amount: minorUnits("amount").notNull(),
    time: time("time").notNull(),
    /** When the broker had taken its message; null until then. */
    tellTime: time("tell_time"),
  },
  (table) => [index("payout_notices_untold").on(table.entryId).where(sql`${table.tellTime} IS NULL`)],
);

/** What was credited to merchants and the clients' bank owes, for each currency: usually negative. */
export const clearingAccounts = merchantBankSchema.table(
  "clearing_accounts",
  { currency: text().primaryKey(), balance: minorUnits("balance").notNull() },
  (table) => [check("clearing_accounts_currency", sql`${table.currency} ~ '^[A-Z]{3}$'`)],
);

/** One for every payment that reached step 4, declined ones too: what was decided, forever. */
export const receipts = merchantBankSchema.table(
  "receipts",
  {
    paymentId: text("payment_id").primaryKey(),
    merchantId: text("merchant_id").notNull(),
    currency: text().notNull(),
    amount: minorUnits("amount").notNull(),
    outcome: text({ enum: ["credited", "declined"] }).notNull(),
    declineReason: text("decline_reason", { enum: DECLINE_REASONS }),
    declinedBy: text("declined_by", { enum: ["client-side", "merchant-bank"] }),
    settleTime: time("settle_time").notNull(),
    /** The sum of the refunds that were debited: whoever refunds locks the receipt, and decides by what is left. */
    refundedAmount: minorUnits("refunded_amount").notNull().default(sql`0`),
  },
  (table) => [
    // For the audit of the latest ones, as client-bank's.
    index("receipts_settle_time").using("brin", table.settleTime),
    check(
      "receipts_whole",
      sql`merchant_bank.is_receipt(${table.currency}, ${table.amount}, ${table.outcome}, ${table.declineReason},
        ${table.declinedBy}, ${table.refundedAmount})`,
    ),
  ],
);

/** One for every refund that reached step R2, declined ones too: what was decided, forever. */
export const refunds = merchantBankSchema.table(
  "refunds",
  {
    id: text().primaryKey(),
    paymentId: text("payment_id").notNull(),
    merchantId: text("merchant_id").notNull(),
    requestId: text("request_id").notNull(),
    parametersHash: text("parameters_hash").notNull(),
    /** With the amount null when the request named none and was declined. */
    currency: text(),
    amount: minorUnits("amount"),
    outcome: text({ enum: ["debited", "declined"] }).notNull(),
    declineReason: text("decline_reason", { enum: REFUND_DECLINE_REASONS }),
    acceptTime: time("accept_time").notNull(),
    debitTime: time("debit_time").notNull(),
    /** Of a refund that is declined because its request_id was used before: the one that stands. */
    standingId: text("standing_id"),
    differingFields: text("differing_fields").array(),
    /** The merchant's own data: a request that comes again with other data is another one. Null where it gave none. */
    clientReference: text("client_reference"),
    metadata: jsonb(),
  },
  (table) => [
    // Of all the refunds that were asked for under one request_id, one stands.
    uniqueIndex("refunds_request").on(table.merchantId, table.requestId).where(sql`${table.standingId} IS NULL`),
    check(
      "refunds_reuse",
      sql`(${table.declineReason} IS NOT DISTINCT FROM 'REQUEST_ID_REUSED') = (${table.standingId} IS NOT NULL)
        AND (${table.standingId} IS NULL) = (${table.differingFields} IS NULL)`,
    ),
    index("refunds_payment").on(table.paymentId),
    check("refunds_amount", sql`${table.amount} > 0 AND ${table.currency} ~ '^[A-Z]{3}$'`),
    check("refunds_whole_amount", sql`(${table.amount} IS NULL) = (${table.currency} IS NULL)`),
    check("refunds_decline_reason", sql`${table.declineReason} IN (${quoted(REFUND_DECLINE_REASONS)})`),
    check(
      "refunds_verdict",
      sql`CASE ${table.outcome}
        WHEN 'debited' THEN ${table.declineReason} IS NULL AND ${table.amount} IS NOT NULL
        WHEN 'declined' THEN ${table.declineReason} IS NOT NULL
        ELSE false
      END`,
    ),
  ],
);

/**
 * Double entry: each movement is a debit and a credit that add up to zero. Entries are never changed or deleted (the
 * service's role may not), and the key lets a payment be settled once and each refund be debited once.
 */
export const ledgerEntries = merchantBankSchema.table(
  "ledger_entries",
  {
    /** The payment; of an operator's top-up or payout, its own id. */
    paymentId: text("payment_id").notNull(),
    kind: text({ enum: ["settlement", "refund", "top-up", "pay-out"] }).notNull(),
    direction: text({ enum: ["debit", "credit"] }).notNull(),
    /** A merchant's id, `clearing`, or `funding`, as in client-bank. */
    account: text().notNull(),
    currency: text().notNull(),
    /** What the movement adds to the account's balance: negative for a debit. */
    amount: minorUnits("amount").notNull(),
    time: time("time").notNull(),
    /** The refund that moves the money; empty for the settlement. */
    refundId: text("refund_id").notNull().default(""),
  },
  (table) => [
    primaryKey({
      name: "ledger_entries_once",
      columns: [table.paymentId, table.refundId, table.kind, table.direction],
    }),
    index("ledger_entries_outside").on(table.currency).where(sql`${table.kind} IN ('top-up', 'pay-out')`),
    // For statements and reports. The accounts of the banks' own, in which every payment is, are left out.
    index("ledger_entries_account")
      .on(table.account, table.time, table.kind, table.amount)
      .where(sql`${table.account} NOT IN ('clearing', 'funding')`),
    check(
      "ledger_entries_whole",
      sql`merchant_bank.is_entry(${table.kind}, ${table.direction}, ${table.amount}, ${table.refundId})`,
    ),
  ],
);
