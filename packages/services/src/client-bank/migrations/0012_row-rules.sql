-- The rules of the tables that every payment writes, as one constraint a table that calls a function. PostgreSQL reads the
-- text of a constraint again for each statement that writes the table, which was the most expensive part of recording one
-- payment; a function is read once for each connection. The rules are the same ones. NOT VALID: every row that there is
-- was checked by the constraints that go, and nobody waits for all of them to be checked again.
CREATE FUNCTION "client_bank"."is_client"("id" text, "card_expiry_month" smallint, "currency" text, "opening_balance" bigint, "state" text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN id NOT IN ('clearing', 'funding') AND card_expiry_month BETWEEN 1 AND 12 AND currency ~ '^[A-Z]{3}$'
    AND opening_balance >= 0 AND state IN ('open', 'closed');
END $$;
--> statement-breakpoint
CREATE FUNCTION "client_bank"."is_payment"("currency" text, "amount" bigint, "client_id" text, "state" text, "decline_reason" text, "card_expiry_month" smallint, "settle_time" timestamptz, "finish_time" timestamptz, "captured_amount" bigint, "given_back_amount" bigint, "refunded_amount" bigint, "standing_id" text, "differing_fields" text[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN currency ~ '^[A-Z]{3}$' AND amount > 0 AND card_expiry_month BETWEEN 1 AND 12
    AND (decline_reason IS NULL OR decline_reason IN ('INVALID_CARD_NUMBER', 'CARD_EXPIRED', 'ACCOUNT_CLOSED', 'CURRENCY_NOT_SUPPORTED', 'INSUFFICIENT_FUNDS',
      'DEADLINE_PASSED', 'MERCHANT_UNKNOWN', 'MERCHANT_CLOSED', 'REQUEST_ID_REUSED', 'TOO_MANY_ATTEMPTS', 'CARD_UNKNOWN',
      'EXPIRY_MISMATCH'))
    AND (captured_amount = 0 OR captured_amount = amount AND client_id IS NOT NULL)
    -- A row that does not stand says why: by its reason, by the row that stands, and by the fields that differ.
    AND (decline_reason IS NOT DISTINCT FROM 'REQUEST_ID_REUSED') = (standing_id IS NOT NULL)
    AND (standing_id IS NULL) = (differing_fields IS NULL)
    AND (state = 'PENDING') = (finish_time IS NULL) AND (finish_time IS NULL) = (settle_time IS NULL)
    -- What each state says of the money: only a declined payment may have none, and it keeps none.
    AND CASE state
      WHEN 'PENDING' THEN given_back_amount = 0 AND refunded_amount = 0
        AND (decline_reason IS NULL) = (captured_amount > 0)
      WHEN 'SUCCEEDED' THEN decline_reason IS NULL AND captured_amount > 0 AND given_back_amount = 0
        AND refunded_amount >= 0 AND refunded_amount < captured_amount
      WHEN 'DECLINED' THEN decline_reason IS NOT NULL AND given_back_amount = captured_amount AND refunded_amount = 0
      WHEN 'REFUNDED' THEN decline_reason IS NULL AND captured_amount > 0 AND given_back_amount = 0
        AND refunded_amount = captured_amount
      ELSE false
    END;
END $$;
--> statement-breakpoint
CREATE FUNCTION "client_bank"."is_entry"("kind" text, "direction" text, "amount" bigint, "refund_id" text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN CASE refund_id WHEN '' THEN kind IN ('capture', 'return', 'top-up') ELSE kind = 'refund' END
    AND direction = CASE WHEN amount < 0 THEN 'debit' ELSE 'credit' END AND amount <> 0;
END $$;
--> statement-breakpoint
ALTER TABLE "client_bank"."clients" DROP CONSTRAINT "clients_id";--> statement-breakpoint
ALTER TABLE "client_bank"."clients" DROP CONSTRAINT "clients_card_expiry_month";--> statement-breakpoint
ALTER TABLE "client_bank"."clients" DROP CONSTRAINT "clients_currency";--> statement-breakpoint
ALTER TABLE "client_bank"."clients" DROP CONSTRAINT "clients_opening_balance";--> statement-breakpoint
ALTER TABLE "client_bank"."clients" DROP CONSTRAINT "clients_state";--> statement-breakpoint
ALTER TABLE "client_bank"."ledger_entries" DROP CONSTRAINT "ledger_entries_kind";--> statement-breakpoint
ALTER TABLE "client_bank"."ledger_entries" DROP CONSTRAINT "ledger_entries_direction";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_currency";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_amount";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_state";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_decline_reason";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_card_expiry_month";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_captured_amount";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_reuse";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_given_back_amount";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_final";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_money";--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD CONSTRAINT "clients_whole" CHECK (client_bank.is_client("client_bank"."clients"."id", "client_bank"."clients"."card_expiry_month", "client_bank"."clients"."currency", "client_bank"."clients"."opening_balance", "client_bank"."clients"."state")) NOT VALID;--> statement-breakpoint
ALTER TABLE "client_bank"."ledger_entries" ADD CONSTRAINT "ledger_entries_whole" CHECK (client_bank.is_entry("client_bank"."ledger_entries"."kind", "client_bank"."ledger_entries"."direction", "client_bank"."ledger_entries"."amount", "client_bank"."ledger_entries"."refund_id")) NOT VALID;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD CONSTRAINT "payments_whole" CHECK (client_bank.is_payment("client_bank"."payments"."currency", "client_bank"."payments"."amount", "client_bank"."payments"."client_id", "client_bank"."payments"."state", "client_bank"."payments"."decline_reason",
        "client_bank"."payments"."card_expiry_month", "client_bank"."payments"."settle_time", "client_bank"."payments"."finish_time", "client_bank"."payments"."captured_amount", "client_bank"."payments"."given_back_amount",
        "client_bank"."payments"."refunded_amount", "client_bank"."payments"."standing_id", "client_bank"."payments"."differing_fields")) NOT VALID;
