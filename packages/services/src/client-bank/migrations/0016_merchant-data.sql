ALTER TABLE "client_bank"."payments" ADD COLUMN "client_reference" text;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD COLUMN "metadata" jsonb;--> statement-breakpoint
ALTER TABLE "client_bank"."refunds" ADD COLUMN "client_reference" text;--> statement-breakpoint
ALTER TABLE "client_bank"."refunds" ADD COLUMN "metadata" jsonb;