ALTER TABLE "merchant_bank"."refunds" DROP CONSTRAINT "refunds_request";--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" DROP CONSTRAINT "receipts_decline_reason";--> statement-breakpoint
ALTER TABLE "merchant_bank"."refunds" DROP CONSTRAINT "refunds_decline_reason";--> statement-breakpoint
ALTER TABLE "merchant_bank"."refunds" ADD COLUMN "standing_id" text;--> statement-breakpoint
ALTER TABLE "merchant_bank"."refunds" ADD COLUMN "differing_fields" text[];--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_request" ON "merchant_bank"."refunds" USING btree ("merchant_id","request_id") WHERE "merchant_bank"."refunds"."standing_id" IS NULL;--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" ADD CONSTRAINT "receipts_decline_reason" CHECK ("merchant_bank"."receipts"."decline_reason" IN ('INVALID_CARD_NUMBER', 'CARD_EXPIRED', 'ACCOUNT_CLOSED', 'CURRENCY_NOT_SUPPORTED', 'INSUFFICIENT_FUNDS', 'DEADLINE_PASSED', 'MERCHANT_UNKNOWN', 'MERCHANT_CLOSED', 'REQUEST_ID_REUSED', 'TOO_MANY_ATTEMPTS', 'CARD_UNKNOWN', 'EXPIRY_MISMATCH'));--> statement-breakpoint
ALTER TABLE "merchant_bank"."refunds" ADD CONSTRAINT "refunds_reuse" CHECK (("merchant_bank"."refunds"."decline_reason" IS NOT DISTINCT FROM 'REQUEST_ID_REUSED') = ("merchant_bank"."refunds"."standing_id" IS NOT NULL)
        AND ("merchant_bank"."refunds"."standing_id" IS NULL) = ("merchant_bank"."refunds"."differing_fields" IS NULL));--> statement-breakpoint
ALTER TABLE "merchant_bank"."refunds" ADD CONSTRAINT "refunds_decline_reason" CHECK ("merchant_bank"."refunds"."decline_reason" IN ('PAYMENT_NOT_SETTLED', 'PAYMENT_DECLINED', 'ALREADY_REFUNDED', 'AMOUNT_TOO_HIGH', 'CURRENCY_MISMATCH', 'INSUFFICIENT_FUNDS', 'MERCHANT_CLOSED', 'REQUEST_ID_REUSED'));