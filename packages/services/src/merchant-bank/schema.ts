/**
 * The tables of merchant-bank (step 4), in a PostgreSQL schema of its own. They have no foreign keys, for the reason
 * that client-bank's have none; the books statement (docs/operating.md) finds whatever points to nothing.
 */
import { sql } from "drizzle-orm";
import { bigint, check, pgSchema, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { DECLINE_REASONS } from "../shared/decline.js";

export const merchantBankSchema = pgSchema("merchant_bank");

const minorUnits = (name: string) => bigint(name, { mode: "bigint" });
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const declineReasons = sql.raw(DECLINE_REASONS.map((reason) => `'${reason}'`).join(", "));

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
    state: text({ enum: ["open", "closed"] }).notNull(),
  },
  (table) => [
    check("merchants_currency", sql`${table.currency} ~ '^[A-Z]{3}$'`),
    check("merchants_balance", sql`${table.balance} >= 0`),
    check("merchants_opening_balance", sql`${table.openingBalance} >= 0`),
    check("merchants_state", sql`${table.state} IN ('open', 'closed')`),
  ],
);

/** What was credited to merchants and the clients' bank owes, for each currency: usually negative. */
export const clearingAccounts = merchantBankSchema.table(
  "clearing_accounts",
  { currency: text().primaryKey(), balance: minorUnits("balance").notNull() },
  (table) => [check("clearing_accounts_currency", sql`${table.currency} ~ '^[A-Z]{3}$'`)],
);

/** One for every payment that reached step 4, declined ones too: what was decided, for ever. */
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
  },
  (table) => [
    check("receipts_currency", sql`${table.currency} ~ '^[A-Z]{3}$'`),
    check("receipts_amount", sql`${table.amount} > 0`),
    check("receipts_outcome", sql`${table.outcome} IN ('credited', 'declined')`),
    check("receipts_decline_reason", sql`${table.declineReason} IN (${declineReasons})`),
    check("receipts_declined_by", sql`${table.declinedBy} IN ('client-side', 'merchant-bank')`),
    check(
      "receipts_verdict",
      sql`(${table.outcome} = 'declined') = (${table.declineReason} IS NOT NULL)
        AND (${table.declineReason} IS NULL) = (${table.declinedBy} IS NULL)`,
    ),
  ],
);

/**
 * Double entry: each movement is a debit and a credit that add up to zero. Entries are never changed or deleted (the
 * service's role may not), and the key lets a payment be settled once.
 */
export const ledgerEntries = merchantBankSchema.table(
  "ledger_entries",
  {
    paymentId: text("payment_id").notNull(),
    kind: text({ enum: ["settlement"] }).notNull(),
    direction: text({ enum: ["debit", "credit"] }).notNull(),
    /** A merchant's id, or `clearing`. */
    account: text().notNull(),
    currency: text().notNull(),
    /** What the movement adds to the account's balance: negative for a debit. */
    amount: minorUnits("amount").notNull(),
    time: time("time").notNull(),
  },
  (table) => [
    primaryKey({ name: "ledger_entries_once", columns: [table.paymentId, table.kind, table.direction] }),
    check("ledger_entries_kind", sql`${table.kind} IN ('settlement')`),
    check(
      "ledger_entries_direction",
      sql`${table.direction} = CASE WHEN ${table.amount} < 0 THEN 'debit' ELSE 'credit' END AND ${table.amount} <> 0`,
    ),
  ],
);
