CREATE TABLE "merchant_bank"."refunds" (
	"id" text PRIMARY KEY NOT NULL,
	"payment_id" text NOT NULL,
	"merchant_id" text NOT NULL,
	"request_id" text NOT NULL,
	"parameters_hash" text NOT NULL,
	"currency" text,
	"amount" bigint,
	"outcome" text NOT NULL,
	"decline_reason" text,
	"accept_time" timestamp (3) with time zone NOT NULL,
	"debit_time" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "refunds_request" UNIQUE("merchant_id","request_id"),
	CONSTRAINT "refunds_amount" CHECK ("merchant_bank"."refunds"."amount" > 0 AND "merchant_bank"."refunds"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "refunds_whole_amount" CHECK (("merchant_bank"."refunds"."amount" IS NULL) = ("merchant_bank"."refunds"."currency" IS NULL)),
	CONSTRAINT "refunds_decline_reason" CHECK ("merchant_bank"."refunds"."decline_reason" IN ('PAYMENT_NOT_SETTLED', 'PAYMENT_DECLINED', 'ALREADY_REFUNDED', 'AMOUNT_TOO_HIGH', 'CURRENCY_MISMATCH', 'INSUFFICIENT_FUNDS', 'MERCHANT_CLOSED')),
	CONSTRAINT "refunds_verdict" CHECK (CASE "merchant_bank"."refunds"."outcome"
        WHEN 'debited' THEN "merchant_bank"."refunds"."decline_reason" IS NULL AND "merchant_bank"."refunds"."amount" IS NOT NULL
        WHEN 'declined' THEN "merchant_bank"."refunds"."decline_reason" IS NOT NULL
        ELSE false
      END)
);
--> statement-breakpoint
ALTER TABLE "merchant_bank"."ledger_entries" DROP CONSTRAINT "ledger_entries_kind";--> statement-breakpoint
ALTER TABLE "merchant_bank"."ledger_entries" ADD COLUMN "refund_id" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" ADD COLUMN "refunded_amount" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "refunds_payment" ON "merchant_bank"."refunds" USING btree ("payment_id");--> statement-breakpoint
ALTER TABLE "merchant_bank"."ledger_entries" DROP CONSTRAINT "ledger_entries_once";
--> statement-breakpoint
ALTER TABLE "merchant_bank"."ledger_entries" ADD CONSTRAINT "ledger_entries_once" PRIMARY KEY("payment_id","refund_id","kind","direction");--> statement-breakpoint
ALTER TABLE "merchant_bank"."ledger_entries" ADD CONSTRAINT "ledger_entries_kind" CHECK ("merchant_bank"."ledger_entries"."kind" = CASE "merchant_bank"."ledger_entries"."refund_id" WHEN '' THEN 'settlement' ELSE 'refund' END);--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" ADD CONSTRAINT "receipts_refunded_amount" CHECK ("merchant_bank"."receipts"."refunded_amount" BETWEEN 0 AND CASE "merchant_bank"."receipts"."outcome" WHEN 'credited' THEN "merchant_bank"."receipts"."amount" ELSE 0 END);
--> statement-breakpoint
-- The service's role notes on a receipt what was refunded of it, and changes nothing else there, nor a refund.
GRANT UPDATE ("refunded_amount") ON "merchant_bank"."receipts" TO "merchant_bank";
--> statement-breakpoint
GRANT SELECT, INSERT ON "merchant_bank"."refunds" TO "merchant_bank";
