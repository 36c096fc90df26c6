-- What the role of the service may do, and nothing more: it neither makes merchants, nor changes a receipt, nor touches
-- a ledger entry again.
GRANT USAGE ON SCHEMA "merchant_bank" TO "merchant_bank";
--> statement-breakpoint
GRANT SELECT ("id", "currency", "balance", "state"), UPDATE ("balance") ON "merchant_bank"."merchants" TO "merchant_bank";
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ("balance") ON "merchant_bank"."clearing_accounts" TO "merchant_bank";
--> statement-breakpoint
GRANT SELECT, INSERT ON "merchant_bank"."receipts" TO "merchant_bank";
--> statement-breakpoint
GRANT SELECT, INSERT ON "merchant_bank"."ledger_entries" TO "merchant_bank";
