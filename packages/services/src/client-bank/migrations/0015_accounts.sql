-- A client has a card or none, and its account may be frozen. The rules are of functions, as those before.
CREATE FUNCTION "client_bank"."is_client"("id" text, "card_fingerprint" text, "card_expiry_month" smallint, "card_expiry_year" smallint, "currency" text, "opening_balance" bigint, "state" text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN id NOT IN ('clearing', 'funding') AND currency ~ '^[A-Z]{3}$' AND opening_balance >= 0
    AND state IN ('open', 'frozen', 'closed')
    AND (card_fingerprint IS NULL) = (card_expiry_month IS NULL)
    AND (card_expiry_month IS NULL) = (card_expiry_year IS NULL)
    AND (card_expiry_month IS NULL OR card_expiry_month BETWEEN 1 AND 12);
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION "client_bank"."is_entry"("kind" text, "direction" text, "amount" bigint, "refund_id" text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN CASE refund_id WHEN '' THEN kind IN ('capture', 'return', 'top-up', 'pay-out') ELSE kind = 'refund' END
    AND direction = CASE WHEN amount < 0 THEN 'debit' ELSE 'credit' END AND amount <> 0;
END $$;
--> statement-breakpoint
CREATE TABLE "client_bank"."account_actions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "client_bank"."account_actions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"time" timestamp (3) with time zone NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"account" text NOT NULL,
	"reason" text NOT NULL,
	"request_id" text,
	"parameters_hash" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "client_bank"."clients" DROP CONSTRAINT "clients_whole";--> statement-breakpoint
DROP INDEX "client_bank"."ledger_entries_top_ups";--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ALTER COLUMN "sealed_card" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ALTER COLUMN "card_fingerprint" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ALTER COLUMN "card_expiry_month" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ALTER COLUMN "card_expiry_year" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD COLUMN "card_brand" text;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD COLUMN "card_last_four" text;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD COLUMN "create_time" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD COLUMN "update_time" timestamp (3) with time zone;--> statement-breakpoint
CREATE UNIQUE INDEX "account_actions_request" ON "client_bank"."account_actions" USING btree ("request_id") WHERE "client_bank"."account_actions"."request_id" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "account_actions_account" ON "client_bank"."account_actions" USING btree ("account","id");--> statement-breakpoint
CREATE INDEX "ledger_entries_outside" ON "client_bank"."ledger_entries" USING btree ("currency") WHERE "client_bank"."ledger_entries"."kind" IN ('top-up', 'pay-out');--> statement-breakpoint
CREATE INDEX "ledger_entries_account" ON "client_bank"."ledger_entries" USING btree ("account","time","kind","amount") WHERE "client_bank"."ledger_entries"."account" NOT IN ('clearing', 'funding');--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD CONSTRAINT "clients_whole" CHECK (client_bank.is_client("client_bank"."clients"."id", "client_bank"."clients"."card_fingerprint", "client_bank"."clients"."card_expiry_month", "client_bank"."clients"."card_expiry_year",
        "client_bank"."clients"."currency", "client_bank"."clients"."opening_balance", "client_bank"."clients"."state")) NOT VALID;--> statement-breakpoint
DROP FUNCTION "client_bank"."is_client"("id" text, "card_expiry_month" smallint, "currency" text, "opening_balance" bigint, "state" text);
--> statement-breakpoint
-- The service makes and changes clients for operators. It writes their sealed cards, and does not read them.
GRANT SELECT ("card_brand", "card_last_four", "create_time", "update_time"), INSERT, UPDATE ("name", "state", "sealed_card", "card_fingerprint", "former_card_fingerprint", "card_brand", "card_last_four", "card_expiry_month", "card_expiry_year", "update_time") ON "client_bank"."clients" TO "client_bank";
--> statement-breakpoint
GRANT SELECT, INSERT ON "client_bank"."account_actions" TO "client_bank";
