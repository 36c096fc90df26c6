CREATE TABLE "client_bank"."refunds" (
	"id" text PRIMARY KEY NOT NULL,
	"payment_id" text NOT NULL,
	"merchant_id" text NOT NULL,
	"request_id" text NOT NULL,
	"parameters_hash" text NOT NULL,
	"currency" text,
	"amount" bigint,
	"state" text NOT NULL,
	"decline_reason" text,
	"accept_time" timestamp (3) with time zone NOT NULL,
	"debit_time" timestamp (3) with time zone NOT NULL,
	"finish_time" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "refunds_request" UNIQUE("merchant_id","request_id"),
	CONSTRAINT "refunds_amount" CHECK ("client_bank"."refunds"."amount" > 0 AND "client_bank"."refunds"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "refunds_whole_amount" CHECK (("client_bank"."refunds"."amount" IS NULL) = ("client_bank"."refunds"."currency" IS NULL)),
	CONSTRAINT "refunds_decline_reason" CHECK ("client_bank"."refunds"."decline_reason" IN ('PAYMENT_NOT_SETTLED', 'PAYMENT_DECLINED', 'ALREADY_REFUNDED', 'AMOUNT_TOO_HIGH', 'CURRENCY_MISMATCH', 'INSUFFICIENT_FUNDS', 'MERCHANT_CLOSED')),
	CONSTRAINT "refunds_verdict" CHECK (CASE "client_bank"."refunds"."state"
        WHEN 'SUCCEEDED' THEN "client_bank"."refunds"."decline_reason" IS NULL AND "client_bank"."refunds"."amount" IS NOT NULL
        WHEN 'DECLINED' THEN "client_bank"."refunds"."decline_reason" IS NOT NULL
        ELSE false
      END)
);
--> statement-breakpoint
ALTER TABLE "client_bank"."ledger_entries" DROP CONSTRAINT "ledger_entries_kind";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_money";--> statement-breakpoint
ALTER TABLE "client_bank"."ledger_entries" ADD COLUMN "refund_id" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD COLUMN "refunded_amount" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "refunds_payment" ON "client_bank"."refunds" USING btree ("payment_id");--> statement-breakpoint
ALTER TABLE "client_bank"."ledger_entries" DROP CONSTRAINT "ledger_entries_once";
--> statement-breakpoint
ALTER TABLE "client_bank"."ledger_entries" ADD CONSTRAINT "ledger_entries_once" PRIMARY KEY("payment_id","refund_id","kind","direction");--> statement-breakpoint
ALTER TABLE "client_bank"."ledger_entries" ADD CONSTRAINT "ledger_entries_kind" CHECK (CASE "client_bank"."ledger_entries"."refund_id" WHEN '' THEN "client_bank"."ledger_entries"."kind" IN ('capture', 'return') ELSE "client_bank"."ledger_entries"."kind" = 'refund' END);--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD CONSTRAINT "payments_money" CHECK (CASE "client_bank"."payments"."state"
        WHEN 'PENDING' THEN "client_bank"."payments"."given_back_amount" = 0 AND "client_bank"."payments"."refunded_amount" = 0
          AND ("client_bank"."payments"."decline_reason" IS NULL) = ("client_bank"."payments"."captured_amount" > 0)
        WHEN 'SUCCEEDED' THEN "client_bank"."payments"."decline_reason" IS NULL
          AND "client_bank"."payments"."captured_amount" > 0 AND "client_bank"."payments"."given_back_amount" = 0
          AND "client_bank"."payments"."refunded_amount" >= 0 AND "client_bank"."payments"."refunded_amount" < "client_bank"."payments"."captured_amount"
        WHEN 'DECLINED' THEN "client_bank"."payments"."decline_reason" IS NOT NULL AND "client_bank"."payments"."given_back_amount" = "client_bank"."payments"."captured_amount"
          AND "client_bank"."payments"."refunded_amount" = 0
        ELSE "client_bank"."payments"."decline_reason" IS NULL AND "client_bank"."payments"."captured_amount" > 0 AND "client_bank"."payments"."given_back_amount" = 0
          AND "client_bank"."payments"."refunded_amount" = "client_bank"."payments"."captured_amount"
      END);
--> statement-breakpoint
-- The service's role never changes a refund.
GRANT UPDATE ("refunded_amount") ON "client_bank"."payments" TO "client_bank";
--> statement-breakpoint
GRANT SELECT, INSERT ON "client_bank"."refunds" TO "client_bank";
