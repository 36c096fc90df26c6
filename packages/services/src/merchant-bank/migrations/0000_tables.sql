CREATE SCHEMA "merchant_bank";
--> statement-breakpoint
CREATE TABLE "merchant_bank"."clearing_accounts" (
	"currency" text PRIMARY KEY NOT NULL,
	"balance" bigint NOT NULL,
	CONSTRAINT "clearing_accounts_currency" CHECK ("merchant_bank"."clearing_accounts"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "merchant_bank"."ledger_entries" (
	"payment_id" text NOT NULL,
	"kind" text NOT NULL,
	"direction" text NOT NULL,
	"account" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"time" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ledger_entries_once" PRIMARY KEY("payment_id","kind","direction"),
	CONSTRAINT "ledger_entries_kind" CHECK ("merchant_bank"."ledger_entries"."kind" IN ('settlement')),
	CONSTRAINT "ledger_entries_direction" CHECK ("merchant_bank"."ledger_entries"."direction" = CASE WHEN "merchant_bank"."ledger_entries"."amount" < 0 THEN 'debit' ELSE 'credit' END AND "merchant_bank"."ledger_entries"."amount" <> 0)
);
--> statement-breakpoint
CREATE TABLE "merchant_bank"."merchants" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"currency" text NOT NULL,
	"balance" bigint NOT NULL,
	"opening_balance" bigint NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "merchants_currency" CHECK ("merchant_bank"."merchants"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "merchants_balance" CHECK ("merchant_bank"."merchants"."balance" >= 0),
	CONSTRAINT "merchants_opening_balance" CHECK ("merchant_bank"."merchants"."opening_balance" >= 0),
	CONSTRAINT "merchants_state" CHECK ("merchant_bank"."merchants"."state" IN ('open', 'closed'))
);
--> statement-breakpoint
CREATE TABLE "merchant_bank"."receipts" (
	"payment_id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"outcome" text NOT NULL,
	"decline_reason" text,
	"declined_by" text,
	"settle_time" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "receipts_currency" CHECK ("merchant_bank"."receipts"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "receipts_amount" CHECK ("merchant_bank"."receipts"."amount" > 0),
	CONSTRAINT "receipts_outcome" CHECK ("merchant_bank"."receipts"."outcome" IN ('credited', 'declined')),
	CONSTRAINT "receipts_decline_reason" CHECK ("merchant_bank"."receipts"."decline_reason" IN ('INVALID_CARD_NUMBER', 'CARD_EXPIRED', 'CARD_UNKNOWN', 'EXPIRY_MISMATCH', 'ACCOUNT_CLOSED', 'CURRENCY_NOT_SUPPORTED', 'INSUFFICIENT_FUNDS', 'DEADLINE_PASSED', 'MERCHANT_UNKNOWN', 'MERCHANT_CLOSED')),
	CONSTRAINT "receipts_declined_by" CHECK ("merchant_bank"."receipts"."declined_by" IN ('client-side', 'merchant-bank')),
	CONSTRAINT "receipts_verdict" CHECK (("merchant_bank"."receipts"."outcome" = 'declined') = ("merchant_bank"."receipts"."decline_reason" IS NOT NULL)
        AND ("merchant_bank"."receipts"."decline_reason" IS NULL) = ("merchant_bank"."receipts"."declined_by" IS NULL))
);
