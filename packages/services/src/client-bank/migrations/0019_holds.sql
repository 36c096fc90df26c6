-- Holds: money of a client that a payment keeps for its merchant, until it is captured or released. Columns are null or
-- have a default where nothing is held, so that the release before goes on writing its rows; the rules of a payment
-- become a function with the new columns, for the reason that 0012 gives, and allow more than the rules before.
CREATE FUNCTION "client_bank"."is_payment"("currency" text, "amount" bigint, "client_id" text, "state" text, "decline_reason" text, "card_expiry_month" smallint, "settle_time" timestamptz, "finish_time" timestamptz, "captured_amount" bigint, "given_back_amount" bigint, "refunded_amount" bigint, "standing_id" text, "differing_fields" text[], "capture" text, "authorize_time" timestamptz, "hold_expire_time" timestamptz) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN currency ~ '^[A-Z]{3}$' AND amount > 0 AND card_expiry_month BETWEEN 1 AND 12
    AND (decline_reason IS NULL OR decline_reason IN ('INVALID_CARD_NUMBER', 'CARD_EXPIRED', 'ACCOUNT_CLOSED', 'CURRENCY_NOT_SUPPORTED', 'INSUFFICIENT_FUNDS',
      'DEADLINE_PASSED', 'MERCHANT_UNKNOWN', 'MERCHANT_CLOSED', 'REQUEST_ID_REUSED', 'TOO_MANY_ATTEMPTS', 'CARD_UNKNOWN',
      'EXPIRY_MISMATCH', 'PAYMENT_CANCELED', 'AUTHORIZATION_EXPIRED'))
    -- Only money that was held is taken in part.
    AND (captured_amount = 0
      OR client_id IS NOT NULL AND captured_amount > 0
         AND CASE WHEN authorize_time IS NULL THEN captured_amount = amount ELSE captured_amount <= amount END)
    AND (capture IS NULL OR capture = 'manual') AND (capture IS NOT NULL OR authorize_time IS NULL)
    AND (authorize_time IS NULL OR client_id IS NOT NULL)
    -- Until when it is held; of a hold that expired, when its end is told again.
    AND (hold_expire_time IS NULL
      OR state = 'AUTHORIZED' OR state = 'PENDING' AND decline_reason IS NOT DISTINCT FROM 'AUTHORIZATION_EXPIRED')
    -- A row that does not stand says why: by its reason, by the row that stands, and by the fields that differ.
    AND (decline_reason IS NOT DISTINCT FROM 'REQUEST_ID_REUSED') = (standing_id IS NOT NULL)
    AND (standing_id IS NULL) = (differing_fields IS NULL)
    AND (state IN ('PENDING', 'AUTHORIZED')) = (finish_time IS NULL) AND (finish_time IS NULL) = (settle_time IS NULL)
    -- What each state says of the money: only a declined or a canceled payment may have none, and it keeps none.
    AND CASE state
      WHEN 'AUTHORIZED' THEN authorize_time IS NOT NULL AND hold_expire_time IS NOT NULL AND decline_reason IS NULL
        AND captured_amount = 0 AND given_back_amount = 0 AND refunded_amount = 0
      WHEN 'PENDING' THEN given_back_amount = 0 AND refunded_amount = 0
        AND (decline_reason IS NULL) = (captured_amount > 0)
      WHEN 'SUCCEEDED' THEN decline_reason IS NULL AND captured_amount > 0 AND given_back_amount = 0
        AND refunded_amount >= 0 AND refunded_amount < captured_amount
      WHEN 'DECLINED' THEN decline_reason IS NOT NULL AND given_back_amount = captured_amount AND refunded_amount = 0
        AND decline_reason NOT IN ('PAYMENT_CANCELED', 'AUTHORIZATION_EXPIRED')
      WHEN 'CANCELED' THEN authorize_time IS NOT NULL AND captured_amount = 0 AND given_back_amount = 0
        AND refunded_amount = 0
        AND decline_reason IS NOT NULL AND decline_reason IN ('PAYMENT_CANCELED', 'AUTHORIZATION_EXPIRED')
      WHEN 'REFUNDED' THEN decline_reason IS NULL AND captured_amount > 0 AND given_back_amount = 0
        AND refunded_amount = captured_amount
      ELSE false
    END;
END $$;
--> statement-breakpoint
ALTER TABLE "client_bank"."clients" DROP CONSTRAINT "clients_balance";--> statement-breakpoint
ALTER TABLE "client_bank"."payments" DROP CONSTRAINT "payments_whole";--> statement-breakpoint
DROP FUNCTION "client_bank"."is_payment"(text, bigint, text, text, text, smallint, timestamptz, timestamptz, bigint, bigint, bigint, text, text[]);--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD COLUMN "held" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD COLUMN "capture" text;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD COLUMN "authorize_time" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD COLUMN "hold_expire_time" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "payments_hold_expire_time" ON "client_bank"."payments" USING btree ("hold_expire_time") WHERE "client_bank"."payments"."hold_expire_time" IS NOT NULL;--> statement-breakpoint
ALTER TABLE "client_bank"."clients" ADD CONSTRAINT "clients_balance" CHECK ("client_bank"."clients"."held" >= 0 AND "client_bank"."clients"."balance" >= "client_bank"."clients"."held") NOT VALID;--> statement-breakpoint
ALTER TABLE "client_bank"."payments" ADD CONSTRAINT "payments_whole" CHECK (client_bank.is_payment("client_bank"."payments"."currency", "client_bank"."payments"."amount", "client_bank"."payments"."client_id", "client_bank"."payments"."state", "client_bank"."payments"."decline_reason",
        "client_bank"."payments"."card_expiry_month", "client_bank"."payments"."settle_time", "client_bank"."payments"."finish_time", "client_bank"."payments"."captured_amount", "client_bank"."payments"."given_back_amount",
        "client_bank"."payments"."refunded_amount", "client_bank"."payments"."standing_id", "client_bank"."payments"."differing_fields", "client_bank"."payments"."capture", "client_bank"."payments"."authorize_time",
        "client_bank"."payments"."hold_expire_time")) NOT VALID;
--> statement-breakpoint
GRANT SELECT ("held"), UPDATE ("held") ON "client_bank"."clients" TO "client_bank";
--> statement-breakpoint
-- Of a payment that holds money: what is captured of it, when, and that nothing is held any more.
GRANT UPDATE ("captured_amount", "capture_time", "hold_expire_time") ON "client_bank"."payments" TO "client_bank";
