ALTER TABLE "merchant_bank"."refunds" ADD COLUMN "client_reference" text;--> statement-breakpoint
ALTER TABLE "merchant_bank"."refunds" ADD COLUMN "metadata" jsonb;