CREATE INDEX "ledger_entries_top_ups" ON "client_bank"."ledger_entries" USING btree ("currency") WHERE "client_bank"."ledger_entries"."kind" = 'top-up';--> statement-breakpoint
CREATE INDEX "payments_capture_time" ON "client_bank"."payments" USING brin ("capture_time");--> statement-breakpoint
-- What a balance began with, for the audit of the bank's own books.
GRANT SELECT ("opening_balance") ON "client_bank"."clients" TO "client_bank";
