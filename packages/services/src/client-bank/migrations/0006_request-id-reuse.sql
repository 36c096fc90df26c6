ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_request";--> statement-breakpoint
ALTER TABLE "client_bank"."refunds" DROP CONSTRAINT "refunds_request";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_decline_reason";--> statement-breakpoint
ALTER TABLE "client_bank"."refunds" DROP CONSTRAINT "refunds_decline_reason";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD COLUMN "card_fingerprint" text;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD COLUMN "card_holder" text;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD COLUMN "standing_id" text;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD COLUMN "differing_fields" text[];--> statement-breakpoint
ALTER TABLE "client_bank"."refunds" ADD COLUMN "standing_id" text;--> statement-breakpoint
ALTER TABLE "client_bank"."refunds" ADD COLUMN "differing_fields" text[];--> statement-breakpoint
CREATE UNIQUE INDEX "payments_request" ON "client_bank"."payments" USING btree ("merchant_id","request_id") WHERE "client_bank"."payments"."standing_id" IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_request" ON "client_bank"."refunds" USING btree ("merchant_id","request_id") WHERE "client_bank"."refunds"."standing_id" IS NULL;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD CONSTRAINT "payments_reuse" CHECK (("client_bank"."payments"."decline_reason" IS NOT DISTINCT FROM 'REQUEST_ID_REUSED') = ("client_bank"."payments"."standing_id" IS NOT NULL)
    AND ("client_bank"."payments"."standing_id" IS NULL) = ("client_bank"."payments"."differing_fields" IS NULL));--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD CONSTRAINT "payments_decline_reason" CHECK ("client_bank"."payments"."decline_reason" IN ('INVALID_CARD_NUMBER', 'CARD_EXPIRED', 'ACCOUNT_CLOSED', 'CURRENCY_NOT_SUPPORTED', 'INSUFFICIENT_FUNDS', 'DEADLINE_PASSED', 'MERCHANT_UNKNOWN', 'MERCHANT_CLOSED', 'REQUEST_ID_REUSED', 'TOO_MANY_ATTEMPTS', 'CARD_UNKNOWN', 'EXPIRY_MISMATCH'));--> statement-breakpoint
ALTER TABLE "client_bank"."refunds" ADD CONSTRAINT "refunds_reuse" CHECK (("client_bank"."refunds"."decline_reason" IS NOT DISTINCT FROM 'REQUEST_ID_REUSED') = ("client_bank"."refunds"."standing_id" IS NOT NULL)
    AND ("client_bank"."refunds"."standing_id" IS NULL) = ("client_bank"."refunds"."differing_fields" IS NULL));--> statement-breakpoint
ALTER TABLE "client_bank"."refunds" ADD CONSTRAINT "refunds_decline_reason" CHECK ("client_bank"."refunds"."decline_reason" IN ('PAYMENT_NOT_SETTLED', 'PAYMENT_DECLINED', 'ALREADY_REFUNDED', 'AMOUNT_TOO_HIGH', 'CURRENCY_MISMATCH', 'INSUFFICIENT_FUNDS', 'MERCHANT_CLOSED', 'REQUEST_ID_REUSED'));