CREATE SCHEMA "receipt_archive";
--> statement-breakpoint
CREATE TABLE "receipt_archive"."receipts" (
	"payment_id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"state" text NOT NULL,
	"receipt" jsonb NOT NULL
);
--> statement-breakpoint
GRANT USAGE ON SCHEMA "receipt_archive" TO "receipt_archive";
--> statement-breakpoint
GRANT SELECT, INSERT ON "receipt_archive"."receipts" TO "receipt_archive";
