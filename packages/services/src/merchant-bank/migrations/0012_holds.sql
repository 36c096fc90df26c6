-- Payments that held money and took none come here as declined, with the reason for which it was released.
CREATE OR REPLACE FUNCTION "merchant_bank"."is_receipt"("currency" text, "amount" bigint, "outcome" text, "decline_reason" text, "declined_by" text, "refunded_amount" bigint) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN currency ~ '^[A-Z]{3}$' AND amount > 0 AND outcome IN ('credited', 'declined')
    AND refunded_amount BETWEEN 0 AND CASE outcome WHEN 'credited' THEN amount ELSE 0 END
    AND (decline_reason IS NULL OR decline_reason IN ('INVALID_CARD_NUMBER', 'CARD_EXPIRED', 'ACCOUNT_CLOSED', 'CURRENCY_NOT_SUPPORTED', 'INSUFFICIENT_FUNDS',
      'DEADLINE_PASSED', 'MERCHANT_UNKNOWN', 'MERCHANT_CLOSED', 'REQUEST_ID_REUSED', 'TOO_MANY_ATTEMPTS', 'CARD_UNKNOWN',
      'EXPIRY_MISMATCH', 'PAYMENT_CANCELED', 'AUTHORIZATION_EXPIRED'))
    AND (declined_by IS NULL OR declined_by IN ('client-side', 'merchant-bank'))
    AND (outcome = 'declined') = (decline_reason IS NOT NULL) AND (decline_reason IS NULL) = (declined_by IS NULL);
END $$;
