ALTER TABLE "client_bank"."payments" ADD COLUMN "last_refund_time" timestamp (3) with time zone;--> statement-breakpoint
GRANT UPDATE ("last_refund_time") ON "client_bank"."payments" TO "client_bank";
