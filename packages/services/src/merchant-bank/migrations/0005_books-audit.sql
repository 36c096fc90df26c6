CREATE INDEX "ledger_entries_top_ups" ON "merchant_bank"."ledger_entries" USING btree ("currency") WHERE "merchant_bank"."ledger_entries"."kind" = 'top-up';--> statement-breakpoint
CREATE INDEX "receipts_settle_time" ON "merchant_bank"."receipts" USING brin ("settle_time");--> statement-breakpoint
-- What a balance began with, for the audit of the bank's own books.
GRANT SELECT ("opening_balance") ON "merchant_bank"."merchants" TO "merchant_bank";
