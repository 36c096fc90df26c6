CREATE TABLE "merchant_bank"."payout_notices" (
	"entry_id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"time" timestamp (3) with time zone NOT NULL,
	"tell_time" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE INDEX "payout_notices_untold" ON "merchant_bank"."payout_notices" USING btree ("entry_id") WHERE "merchant_bank"."payout_notices"."tell_time" IS NULL;--> statement-breakpoint
-- The service writes a row with each payout of a merchant, and notes when it was told.
GRANT SELECT, INSERT, UPDATE ("tell_time") ON "merchant_bank"."payout_notices" TO "merchant_bank";
