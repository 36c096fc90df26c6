CREATE SCHEMA "client_bank";
--> statement-breakpoint
CREATE TABLE "client_bank"."clearing_accounts" (
	"currency" text PRIMARY KEY NOT NULL,
	"balance" bigint NOT NULL,
	CONSTRAINT "clearing_accounts_currency" CHECK ("client_bank"."clearing_accounts"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
CREATE TABLE "client_bank"."clients" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"sealed_card" text NOT NULL,
	"card_fingerprint" text NOT NULL,
	"card_expiry_month" smallint NOT NULL,
	"card_expiry_year" smallint NOT NULL,
	"currency" text NOT NULL,
	"balance" bigint NOT NULL,
	"opening_balance" bigint NOT NULL,
	"state" text NOT NULL,
	CONSTRAINT "clients_card_fingerprint" UNIQUE("card_fingerprint"),
	CONSTRAINT "clients_card_expiry_month" CHECK ("client_bank"."clients"."card_expiry_month" BETWEEN 1 AND 12),
	CONSTRAINT "clients_currency" CHECK ("client_bank"."clients"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "clients_balance" CHECK ("client_bank"."clients"."balance" >= 0),
	CONSTRAINT "clients_opening_balance" CHECK ("client_bank"."clients"."opening_balance" >= 0),
	CONSTRAINT "clients_state" CHECK ("client_bank"."clients"."state" IN ('open', 'closed'))
);
--> statement-breakpoint
CREATE TABLE "client_bank"."ledger_entries" (
	"payment_id" text NOT NULL,
	"kind" text NOT NULL,
	"direction" text NOT NULL,
	"account" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"time" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ledger_entries_once" PRIMARY KEY("payment_id","kind","direction"),
	CONSTRAINT "ledger_entries_kind" CHECK ("client_bank"."ledger_entries"."kind" IN ('capture', 'return')),
	CONSTRAINT "ledger_entries_direction" CHECK ("client_bank"."ledger_entries"."direction" = CASE WHEN "client_bank"."ledger_entries"."amount" < 0 THEN 'debit' ELSE 'credit' END AND "client_bank"."ledger_entries"."amount" <> 0)
);
--> statement-breakpoint
CREATE TABLE "client_bank"."payments" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"request_id" text NOT NULL,
	"parameters_hash" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"description" text NOT NULL,
	"client_id" text,
	"state" text NOT NULL,
	"decline_reason" text,
	"card_brand" text NOT NULL,
	"card_last_four" text NOT NULL,
	"card_expiry_month" smallint NOT NULL,
	"card_expiry_year" smallint NOT NULL,
	"accept_time" timestamp (3) with time zone NOT NULL,
	"deadline" timestamp (3) with time zone NOT NULL,
	"validate_time" timestamp (3) with time zone NOT NULL,
	"capture_time" timestamp (3) with time zone NOT NULL,
	"settle_time" timestamp (3) with time zone,
	"finish_time" timestamp (3) with time zone,
	"captured_amount" bigint NOT NULL,
	"given_back_amount" bigint NOT NULL,
	CONSTRAINT "payments_request" UNIQUE("merchant_id","request_id"),
	CONSTRAINT "payments_currency" CHECK ("client_bank"."payments"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "payments_amount" CHECK ("client_bank"."payments"."amount" > 0),
	CONSTRAINT "payments_state" CHECK ("client_bank"."payments"."state" IN ('PENDING', 'SUCCEEDED', 'DECLINED', 'REFUNDED')),
	CONSTRAINT "payments_decline_reason" CHECK ("client_bank"."payments"."decline_reason" IN ('INVALID_CARD_NUMBER', 'CARD_EXPIRED', 'CARD_UNKNOWN', 'EXPIRY_MISMATCH', 'ACCOUNT_CLOSED', 'CURRENCY_NOT_SUPPORTED', 'INSUFFICIENT_FUNDS', 'DEADLINE_PASSED', 'MERCHANT_UNKNOWN', 'MERCHANT_CLOSED')),
	CONSTRAINT "payments_card_expiry_month" CHECK ("client_bank"."payments"."card_expiry_month" BETWEEN 1 AND 12),
	CONSTRAINT "payments_captured_amount" CHECK ("client_bank"."payments"."captured_amount" = 0 OR "client_bank"."payments"."captured_amount" = "client_bank"."payments"."amount" AND "client_bank"."payments"."client_id" IS NOT NULL),
	CONSTRAINT "payments_given_back_amount" CHECK ("client_bank"."payments"."given_back_amount" IN (0, "client_bank"."payments"."captured_amount")),
	CONSTRAINT "payments_final" CHECK (("client_bank"."payments"."state" = 'PENDING') = ("client_bank"."payments"."finish_time" IS NULL)
        AND ("client_bank"."payments"."finish_time" IS NULL) = ("client_bank"."payments"."settle_time" IS NULL)),
	CONSTRAINT "payments_money" CHECK (CASE "client_bank"."payments"."state"
        WHEN 'PENDING' THEN "client_bank"."payments"."given_back_amount" = 0
          AND ("client_bank"."payments"."decline_reason" IS NULL) = ("client_bank"."payments"."captured_amount" > 0)
        WHEN 'SUCCEEDED' THEN "client_bank"."payments"."decline_reason" IS NULL
          AND "client_bank"."payments"."captured_amount" > 0 AND "client_bank"."payments"."given_back_amount" = 0
        WHEN 'DECLINED' THEN "client_bank"."payments"."decline_reason" IS NOT NULL AND "client_bank"."payments"."given_back_amount" = "client_bank"."payments"."captured_amount"
        ELSE "client_bank"."payments"."decline_reason" IS NULL AND "client_bank"."payments"."given_back_amount" > 0
      END)
);
--> statement-breakpoint
CREATE INDEX "payments_by_time" ON "client_bank"."payments" USING btree ("merchant_id","accept_time","id");