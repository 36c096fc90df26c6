-- The rules of the tables that every payment writes, as one constraint a table that calls a function. PostgreSQL reads the
-- text of a constraint again for each statement that writes the table, which was the most expensive part of recording one
-- payment; a function is read once for each connection. The rules are the same ones. NOT VALID: every row that there is
-- was checked by the constraints that go, and nobody waits for all of them to be checked again.
CREATE FUNCTION "merchant_bank"."is_merchant"("id" text, "currency" text, "opening_balance" bigint, "state" text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN id NOT IN ('clearing', 'funding') AND currency ~ '^[A-Z]{3}$' AND opening_balance >= 0
    AND state IN ('open', 'closed');
END $$;
--> statement-breakpoint
CREATE FUNCTION "merchant_bank"."is_receipt"("currency" text, "amount" bigint, "outcome" text, "decline_reason" text, "declined_by" text, "refunded_amount" bigint) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN currency ~ '^[A-Z]{3}$' AND amount > 0 AND outcome IN ('credited', 'declined')
    AND refunded_amount BETWEEN 0 AND CASE outcome WHEN 'credited' THEN amount ELSE 0 END
    AND (decline_reason IS NULL OR decline_reason IN ('INVALID_CARD_NUMBER', 'CARD_EXPIRED', 'ACCOUNT_CLOSED', 'CURRENCY_NOT_SUPPORTED', 'INSUFFICIENT_FUNDS',
      'DEADLINE_PASSED', 'MERCHANT_UNKNOWN', 'MERCHANT_CLOSED', 'REQUEST_ID_REUSED', 'TOO_MANY_ATTEMPTS', 'CARD_UNKNOWN',
      'EXPIRY_MISMATCH'))
    AND (declined_by IS NULL OR declined_by IN ('client-side', 'merchant-bank'))
    AND (outcome = 'declined') = (decline_reason IS NOT NULL) AND (decline_reason IS NULL) = (declined_by IS NULL);
END $$;
--> statement-breakpoint
CREATE FUNCTION "merchant_bank"."is_entry"("kind" text, "direction" text, "amount" bigint, "refund_id" text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN CASE refund_id WHEN '' THEN kind IN ('settlement', 'top-up') ELSE kind = 'refund' END
    AND direction = CASE WHEN amount < 0 THEN 'debit' ELSE 'credit' END AND amount <> 0;
END $$;
--> statement-breakpoint
ALTER TABLE "merchant_bank"."ledger_entries" DROP CONSTRAINT "ledger_entries_kind";--> statement-breakpoint
ALTER TABLE "merchant_bank"."ledger_entries" DROP CONSTRAINT "ledger_entries_direction";--> statement-breakpoint
ALTER TABLE "merchant_bank"."merchants" DROP CONSTRAINT "merchants_id";--> statement-breakpoint
ALTER TABLE "merchant_bank"."merchants" DROP CONSTRAINT "merchants_currency";--> statement-breakpoint
ALTER TABLE "merchant_bank"."merchants" DROP CONSTRAINT "merchants_opening_balance";--> statement-breakpoint
ALTER TABLE "merchant_bank"."merchants" DROP CONSTRAINT "merchants_state";--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" DROP CONSTRAINT "receipts_currency";--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" DROP CONSTRAINT "receipts_amount";--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" DROP CONSTRAINT "receipts_refunded_amount";--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" DROP CONSTRAINT "receipts_outcome";--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" DROP CONSTRAINT "receipts_decline_reason";--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" DROP CONSTRAINT "receipts_declined_by";--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" DROP CONSTRAINT "receipts_verdict";--> statement-breakpoint
ALTER TABLE "merchant_bank"."ledger_entries" ADD CONSTRAINT "ledger_entries_whole" CHECK (merchant_bank.is_entry("merchant_bank"."ledger_entries"."kind", "merchant_bank"."ledger_entries"."direction", "merchant_bank"."ledger_entries"."amount", "merchant_bank"."ledger_entries"."refund_id")) NOT VALID;--> statement-breakpoint
ALTER TABLE "merchant_bank"."merchants" ADD CONSTRAINT "merchants_whole" CHECK (merchant_bank.is_merchant("merchant_bank"."merchants"."id", "merchant_bank"."merchants"."currency", "merchant_bank"."merchants"."opening_balance", "merchant_bank"."merchants"."state")) NOT VALID;--> statement-breakpoint
ALTER TABLE "merchant_bank"."receipts" ADD CONSTRAINT "receipts_whole" CHECK (merchant_bank.is_receipt("merchant_bank"."receipts"."currency", "merchant_bank"."receipts"."amount", "merchant_bank"."receipts"."outcome", "merchant_bank"."receipts"."decline_reason",
        "merchant_bank"."receipts"."declined_by", "merchant_bank"."receipts"."refunded_amount")) NOT VALID;
