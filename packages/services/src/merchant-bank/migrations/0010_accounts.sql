-- A merchant's account may be frozen, and money may be paid out of it.
CREATE OR REPLACE FUNCTION "merchant_bank"."is_merchant"("id" text, "currency" text, "opening_balance" bigint, "state" text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN id NOT IN ('clearing', 'funding') AND currency ~ '^[A-Z]{3}$' AND opening_balance >= 0
    AND state IN ('open', 'frozen', 'closed');
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION "merchant_bank"."is_entry"("kind" text, "direction" text, "amount" bigint, "refund_id" text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN CASE refund_id WHEN '' THEN kind IN ('settlement', 'top-up', 'pay-out') ELSE kind = 'refund' END
    AND direction = CASE WHEN amount < 0 THEN 'debit' ELSE 'credit' END AND amount <> 0;
END $$;
--> statement-breakpoint
CREATE TABLE "merchant_bank"."account_actions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "merchant_bank"."account_actions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"time" timestamp (3) with time zone NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"account" text NOT NULL,
	"reason" text NOT NULL,
	"request_id" text,
	"parameters_hash" text NOT NULL
);
--> statement-breakpoint
DROP INDEX "merchant_bank"."ledger_entries_top_ups";--> statement-breakpoint
ALTER TABLE "merchant_bank"."merchants" ADD COLUMN "create_time" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "merchant_bank"."merchants" ADD COLUMN "update_time" timestamp (3) with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "account_actions_request" ON "merchant_bank"."account_actions" USING btree ("request_id") WHERE "merchant_bank"."account_actions"."request_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "account_actions_account" ON "merchant_bank"."account_actions" USING btree ("account","id");--> statement-breakpoint
CREATE INDEX "ledger_entries_outside" ON "merchant_bank"."ledger_entries" USING btree ("currency") WHERE "merchant_bank"."ledger_entries"."kind" IN ('top-up', 'pay-out');--> statement-breakpoint
CREATE INDEX "ledger_entries_account" ON "merchant_bank"."ledger_entries" USING btree ("account","time","kind","amount") WHERE "merchant_bank"."ledger_entries"."account" NOT IN ('clearing', 'funding');--> statement-breakpoint
-- The service makes and changes merchants for operators.
GRANT SELECT ("name", "create_time", "update_time"), INSERT, UPDATE ("name", "state", "update_time") ON "merchant_bank"."merchants" TO "merchant_bank";
--> statement-breakpoint
GRANT SELECT, INSERT ON "merchant_bank"."account_actions" TO "merchant_bank";
