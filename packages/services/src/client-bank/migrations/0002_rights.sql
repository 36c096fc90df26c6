-- What the role of the service may do, and nothing more: it neither makes clients, nor reads their sealed cards, nor
-- changes what a payment was, nor touches a ledger entry again.
GRANT USAGE ON SCHEMA "client_bank" TO "client_bank";
--> statement-breakpoint
GRANT SELECT ("id", "card_fingerprint", "card_expiry_month", "card_expiry_year", "currency", "balance", "state"), UPDATE ("balance") ON "client_bank"."clients" TO "client_bank";
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ("balance") ON "client_bank"."clearing_accounts" TO "client_bank";
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ("state", "decline_reason", "settle_time", "finish_time", "given_back_amount") ON "client_bank"."payments" TO "client_bank";
--> statement-breakpoint
GRANT SELECT, INSERT ON "client_bank"."ledger_entries" TO "client_bank";
